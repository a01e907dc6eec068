import { fakeHost } from '@drainkit/testing';
import { describe, expect, test } from 'vitest';
import { Drain } from '../src/drain.ts';
import type { DrainReport } from '../src/report/drain-report.ts';
import { formatReport } from '../src/report/report-timeline.ts';
import { FakeDrainable } from './fake-drainable.ts';

function rig() {
  const host = fakeHost();
  const drain = new Drain({ logger: false }, host);
  const log: string[] = [];
  const note = (text: string): void => void log.push(`${host.clock.now()} ${text}`);
  const told: string[] = [];
  told.push = (text) => log.push(`${host.clock.now()} ${text}`);
  const part = new FakeDrainable('consumer', told);
  return { host, drain, log, note, part };
}

describe('a part', () => {
  test('is announced to, refuses, is waited for and closed, while the server goes on serving', async () => {
    const { host, drain, log, note, part } = rig();
    drain.add(part.begin('message'));
    const drained = drain.drainPart('consumer', part, { close: () => note('closed'), reason: 'rebalance' });
    await host.advance(300);
    expect([drain.phase, (await drain.health('ready')).statusCode]).toEqual(['serving', 200]);
    part.end();
    await host.advance(0);
    expect(log).toEqual(['0 consumer announce', '0 consumer refuse', '300 closed']);
    const report = await drained;
    expect(report).toMatchObject({
      outcome: 'clean',
      trigger: { kind: 'close', reason: 'rebalance' },
      inFlightAtStart: 1,
      totalMs: 300,
      resources: [{ name: 'consumer', outcome: 'closed' }],
    });
    expect(formatReport(report)).toContain('drain: clean in 300 ms (rebalance');
    expect([drain.phase, host.exitCode, host.exited, host.held]).toEqual(['serving', undefined, undefined, false]);
  });

  test('is bounded by its own deadline: what is in flight then is named and destroyed, and it is closed all the same', async () => {
    const { host, drain, log, note, part } = rig();
    part.begin('message');
    const options = { deadline: '1s', forceGrace: '100ms', close: () => note('closed') } as const;
    const drained = drain.drainPart('consumer', part, options);
    await host.advance(1_100);
    expect(log.slice(2)).toEqual(['1000 consumer force', '1100 consumer abort', '1100 closed']);
    expect(await drained).toMatchObject({ outcome: 'timed-out', aborted: [{ name: 'message' }] });
  });

  test('that fails to close, or hangs, is reported', async () => {
    const { host, drain, part } = rig();
    const failed = drain.drainPart('one', part, { close: () => Promise.reject(new Error('lost')) });
    const hung = drain.drainPart('two', new FakeDrainable(), { close: () => new Promise(() => {}), closeTimeout: 50 });
    await host.advance(50);
    expect((await failed).resources).toMatchObject([{ outcome: 'failed', error: 'lost' }]);
    expect((await hung).resources).toMatchObject([{ outcome: 'hung' }]);
  });

  test('is an event, with its report', async () => {
    const { host, drain, part } = rig();
    const reports: [string, DrainReport][] = [];
    drain.on('part', ({ name, report }) => reports.push([name, report]));
    const drained = drain.drainPart('consumer', part);
    await host.advance(0);
    expect(reports).toEqual([['consumer', await drained]]);
  });

  test('is told once, also where the whole drain begins meanwhile, which waits for it', async () => {
    const { host, drain, log, part } = rig();
    drain.add(part.begin('message'));
    void drain.drainPart('consumer', part);
    await host.advance(10);
    host.signal('SIGTERM');
    await host.advance(10);
    expect([drain.phase, drain.inFlight]).toEqual(['draining', 1]);
    part.end();
    await host.advance(0);
    expect(log).toEqual(['0 consumer announce', '0 consumer refuse']);
    expect(await drain.done).toMatchObject({ outcome: 'clean', inFlightAtStart: 1 });
  });

  test('is not drained alone once everything is draining', async () => {
    const { host, drain, part } = rig();
    void drain.close();
    await host.advance(0);
    await expect(drain.drainPart('consumer', part)).rejects.toMatchObject({ code: 'DRAIN_WORK_REFUSED' });
  });

  test('with a time that is none is an error', async () => {
    const { drain, part } = rig();
    const drained = drain.drainPart('consumer', part, { deadline: 'soon' as '1s' });
    await expect(drained).rejects.toMatchObject({ code: 'DRAIN_ARGUMENT_INVALID' });
  });

  test('with a time that is none stays part of the whole', async () => {
    const { drain, host, part } = rig();
    drain.add(part.begin('message'));
    await drain.drainPart('consumer', part, { deadline: 'soon' as '1s' }).catch(() => {});
    void drain.close();
    await host.advance(100);
    expect([drain.phase, drain.inFlight]).toEqual(['draining', 1]);
  });

  test('that is no Drainable is an error', async () => {
    const { drain } = rig();
    const drained = drain.drainPart('consumer', { name: 'consumer' } as FakeDrainable);
    await expect(drained).rejects.toMatchObject({
      code: 'DRAIN_ARGUMENT_INVALID',
      message: expect.stringContaining("part 'consumer' is"),
    });
  });

  test('has no longer than the whole: at its deadline the part is forced, too, and closed', async () => {
    const host = fakeHost();
    const drain = new Drain({ logger: false, deadline: '2s', forceGrace: '100ms' }, host);
    const log: string[] = [];
    const pool = drain.pool('mail', { concurrency: 1 });
    pool
      .submit(
        ({ forceSignal }) =>
          new Promise((_, reject) => {
            forceSignal.addEventListener('abort', () => reject(new Error('forced')));
          }),
      )
      .catch((error: Error) => log.push(`${host.clock.now()} ${error.message}`));
    void drain.drainPart('mail', pool, { deadline: '1h', close: () => log.push(`${host.clock.now()} closed`) });
    void drain.close();
    await host.advance(3_000);
    expect(log).toEqual(['2000 forced', '2000 closed']);
    expect((await drain.done).outcome).toBe('timed-out');
  });
});

describe('a replaceable', () => {
  interface Client {
    readonly id: number;
  }

  const replaceable = async (open: (id: number) => Promise<Client> = async (id) => ({ id })) => {
    const it = rig();
    let opened = 0;
    const client = await it.drain.replaceable('postgres', {
      open: () => open((opened += 1)),
      close: ({ id }) => it.note(`close ${id}`),
      deadline: '1s',
    });
    return { ...it, client, opened: () => opened };
  };

  test('gives the other to whoever asks from then on, and closes the one before when its last use is over', async () => {
    const { host, drain, log, client } = await replaceable();
    const lease = client.lease('SELECT 1');
    const replaced = client.replace('failover');
    await host.advance(200);
    expect([lease.value.id, client.value.id, await client.use(({ id }) => id)]).toEqual([1, 2, 2]);
    expect([log, drain.phase]).toEqual([[], 'serving']);
    lease.leave();
    await host.advance(0);
    expect(log).toEqual(['200 close 1']);
    expect(await replaced).toMatchObject({ outcome: 'clean', trigger: { reason: 'failover' }, inFlightAtStart: 1 });
  });

  test('no use is refused or runs on one that is closed, however often it is replaced meanwhile', async () => {
    const { host, client, log } = await replaceable();
    const closed = (): string[] => log.map((line) => line.split(' ').at(-1) ?? '');
    let uses = 0;
    const onClosed: number[] = [];
    const using = async (): Promise<void> => {
      for (let count = 0; count < 50; count += 1) {
        await client.use(async ({ id }) => {
          await new Promise<void>((resolve) => void host.clock.setTimeout(resolve, 7));
          uses += 1;
          if (closed().includes(`${id}`)) onClosed.push(id);
        });
      }
    };
    const all = Promise.all(Array.from({ length: 10 }, using));
    const replacing = Promise.all(Array.from({ length: 5 }, () => client.replace()));
    await host.advance(1_000);
    await Promise.all([all, replacing]);
    expect([uses, onClosed, closed()]).toEqual([500, [], ['1', '2', '3', '4', '5']]);
  });

  test('a use that outlasts the deadline is named, and does not keep the one before open', async () => {
    const { host, client, log } = await replaceable();
    client.lease('SELECT pg_sleep(60)');
    const replaced = client.replace();
    await host.advance(1_500);
    expect(await replaced).toMatchObject({ outcome: 'timed-out', aborted: [{ name: 'SELECT pg_sleep(60)' }] });
    expect(log).toEqual(['1500 close 1']);
  });

  test('where the other cannot be opened, everything stays as it is', async () => {
    const { client, log } = await replaceable((id) =>
      id === 2 ? Promise.reject(new Error('down')) : Promise.resolve({ id }),
    );
    await expect(client.replace()).rejects.toThrow('down');
    expect([client.value.id, log]).toEqual([1, []]);
    const report = client.replace();
    expect((await report).outcome).toBe('clean');
    expect(client.value.id).toBe(3);
  });

  test('what is in use last is closed by the drain, once; nothing is replaced in it', async () => {
    const { host, drain, client, log, opened } = await replaceable();
    await client.replace();
    void drain.close();
    await host.advance(0);
    expect(log).toEqual(['0 close 1', '0 close 2']);
    await expect(client.replace()).rejects.toMatchObject({ code: 'DRAIN_WORK_REFUSED' });
    expect(opened()).toBe(2);
  });

  test('a drain that begins in the middle of replacing waits for it, and closes both', async () => {
    const { host, drain, client, log } = await replaceable();
    const lease = client.lease();
    void client.replace();
    await host.advance(10);
    void drain.close();
    await host.advance(10);
    expect([drain.phase, log]).toEqual(['draining', []]);
    lease.leave();
    await host.advance(0);
    expect(log).toEqual(['20 close 1', '20 close 2']);
    expect((await drain.done).outcome).toBe('clean');
  });

  test('a use holds the drain until it is over, and is named where it outlasts the deadline', async () => {
    const { host, drain, client, log } = await replaceable();
    const lease = client.lease('SELECT 1');
    void drain.close();
    await host.advance(500);
    expect([drain.phase, drain.inFlight, log]).toEqual(['draining', 1, []]);
    // What is in flight needs it to the end.
    expect(await client.use(({ id }) => id)).toBe(1);
    lease.leave();
    await host.advance(0);
    expect([log, (await drain.done).outcome]).toEqual([['500 close 1'], 'clean']);

    const other = await replaceable();
    other.client.lease('SELECT pg_sleep(60)');
    void other.drain.close();
    await other.host.advance(30_000);
    expect(await other.drain.done).toMatchObject({ outcome: 'timed-out', aborted: [{ name: 'SELECT pg_sleep(60)' }] });
    expect(other.log).toHaveLength(1);
  });

  test('one that opens when all is closed is closed at once, and each that was opened is closed once', async () => {
    const it = rig();
    const opening = (id: number): Promise<Client> =>
      new Promise((resolve) => void it.host.clock.setTimeout(() => resolve({ id }), id === 1 ? 0 : 40_000));
    let opened = 0;
    const open = (): Promise<Client> => opening((opened += 1));
    const making = it.drain.replaceable('postgres', { open, close: ({ id }) => it.note(`close ${id}`) });
    await it.host.advance(0);
    const client = await making;
    const replaced = client.replace().catch((error: unknown) => error);
    await it.host.advance(0);
    void it.drain.close();
    await it.host.advance(41_000);
    expect(await replaced).toMatchObject({ code: 'DRAIN_WORK_REFUSED' });
    expect(it.log.map((line) => line.split(' ').slice(1).join(' '))).toEqual(['close 1', 'close 2']);
  });

  test('the first one, where it opens when all is closed, is closed again', async () => {
    const { host, drain, log, note } = rig();
    const open = (): Promise<string> =>
      new Promise((resolve) => void host.clock.setTimeout(() => resolve('client'), 1_000));
    const making = drain.replaceable('postgres', { open, close: (value) => note(`close ${value}`) });
    const failed = making.catch((error: unknown) => error);
    void drain.close();
    await host.advance(1_000);
    expect(await failed).toMatchObject({ code: 'DRAIN_RESOURCE_TOO_LATE' });
    expect(log).toEqual(['1000 close client']);
  });

  test.each([
    ['a time that is none', { deadline: '5 s' as '5s', close: () => {} }, 'DRAIN_ARGUMENT_INVALID'],
    ['no way to close it', {}, 'DRAIN_RESOURCE_INVALID'],
  ])('%s is an error when it is made', async (_, options, code) => {
    const { drain } = rig();
    await expect(drain.replaceable('postgres', { open: () => ({}), ...options })).rejects.toMatchObject({ code });
  });
});
