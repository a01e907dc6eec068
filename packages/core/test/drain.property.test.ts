import { fakeHost } from '@drainkit/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Drain } from '../src/drain.ts';
import { DrainError } from '../src/drain-error.ts';
import type { DrainReport } from '../src/report/drain-report.ts';
import { PHASES, type Phase } from '../src/phase.ts';
import { FakeDrainable } from './fake-drainable.ts';

const ACTS = [
  'SIGTERM',
  'SIGINT',
  'fault',
  'message',
  'start',
  'close',
  'abort',
  'enter work',
  'leave work',
  'attach a server',
  'end a server’s work',
  'a resource that closes',
  'a resource that hangs',
  'a resource that throws',
  'a resource that rejects',
  'a resource that takes its time',
  'a resource that registers another',
] as const;

/** Many small steps, some long ones: the windows and deadlines of the default plan are all within reach. */
const pause = fc.oneof(fc.constant(0), fc.nat(300), fc.nat(6_000), fc.nat(25_000));
const steps = fc.array(fc.record({ act: fc.constantFrom(...ACTS), pause }), { maxLength: 14 });

/** A life of a drain: everything that was done to it, and what came of it. */
class Life {
  readonly host = fakeHost();
  readonly drain = new Drain({ logger: false }, this.host);
  readonly servers: FakeDrainable[] = [];
  readonly work: (() => void)[] = [];
  /** Resources that were taken on, and how often each was closed. */
  readonly closes = new Map<string, number>();
  /** The same for those that were taken on when the process was ending already. */
  readonly lateCloses = new Map<string, number>();
  readonly phases: Phase[] = ['serving'];
  triggeredAt: number | undefined;
  /** The codes with which it was told to end when the report was made already. */
  readonly lateCodes: number[] = [];
  report: DrainReport | undefined;
  reportedAt = Infinity;
  reports = 0;
  /** What was taken on although it had to be refused. */
  readonly takenTooLate: string[] = [];

  constructor() {
    this.drain.on('phase', ({ phase }) => this.phases.push(phase));
    this.drain.on('trigger', () => {
      this.triggeredAt = this.host.clock.now();
    });
    this.drain.on('report', () => {
      this.reports += 1;
      this.reportedAt = this.host.clock.now();
    });
    void this.drain.done.then((report) => (this.report = report));
  }

  do(act: (typeof ACTS)[number]): void {
    switch (act) {
      case 'SIGTERM':
      case 'SIGINT':
        this.#noteLateCode(act === 'SIGTERM' ? 143 : 130);
        return void this.host.signal(act);
      case 'fault':
        return void this.host.fault(new Error('nobody caught it'));
      case 'message':
        return void this.host.message('shutdown');
      case 'start':
        return void this.drain.start();
      case 'close':
        return void this.drain.close();
      case 'abort':
        this.#noteLateCode(1);
        return this.drain.abort('must not go on');
      case 'enter work':
        return this.#unlessOver('draining', () => {
          const work = this.drain.enter('job');
          this.work.push(() => work.leave());
        });
      case 'leave work':
        return this.work.shift()?.();
      case 'attach a server': {
        const server = new FakeDrainable().begin('GET /');
        this.servers.push(server);
        return this.drain.add(server);
      }
      case 'end a server’s work':
        return this.servers.shift()?.end();
      default:
        return this.#resource(act);
    }
  }

  #noteLateCode(code: number): void {
    if (this.drain.phase === 'closed') this.lateCodes.push(code);
  }

  #resource(act: string): void {
    const isEnding = this.drain.phase === 'closed' && (this.host.exitCode ?? this.host.exited) !== undefined;
    const take = isEnding ? (action: () => void): void => action() : this.#unlessOver.bind(this, 'closed');
    take(() => {
      const closes = isEnding ? this.lateCloses : this.closes;
      const name = `${act}, ${closes.size}`;
      this.drain.resource(name, () => {
        closes.set(name, (closes.get(name) ?? 0) + 1);
        if (act.endsWith('throws')) throw new Error(name);
        if (act.endsWith('rejects')) return Promise.reject(new Error(name));
        if (act.endsWith('hangs')) return new Promise(() => {});
        if (act.endsWith('its time')) return new Promise<void>((done) => void this.host.clock.setTimeout(done, 1_700));
        if (act.endsWith('another')) this.#resource('a resource that closes');
        return undefined;
      });
      closes.set(name, closes.get(name) ?? 0);
    });
  }

  /** What is refused from `phase` on has to be refused then, and only then. */
  #unlessOver(phase: Phase, action: () => void): void {
    const isOver = PHASES.indexOf(this.drain.phase) >= PHASES.indexOf(phase);
    if (!isOver) return action();
    try {
      action();
      this.takenTooLate.push(this.drain.phase);
    } catch (error) {
      if (!(error instanceof DrainError)) throw error;
    }
  }
}

test('whatever happens, in whatever order, a drain is over in time, in one direction, with every resource accounted for', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const life = new Life();
      for (const { act, pause: ms } of all) {
        life.do(act);
        await life.host.advance(ms);
      }
      if (life.triggeredAt === undefined) void life.drain.start();
      await life.host.advance(29_500);

      const { report, phases, closes, triggeredAt = Number.NaN } = life;
      expect(life.drain.phase).toBe('closed');
      expect(life.reportedAt - triggeredAt).toBeLessThanOrEqual(29_500);
      expect(report?.totalMs).toBe(Math.round(life.reportedAt - triggeredAt));

      const order = phases.map((phase) => PHASES.indexOf(phase));
      expect(order).toEqual([...new Set(order)].toSorted((a, b) => a - b));

      expect(report?.resources.map(({ name }) => name).toSorted()).toEqual([...closes.keys()].toSorted());
      for (const { name, outcome } of report?.resources ?? []) {
        expect([name, outcome, closes.get(name)]).toEqual([name, outcome, outcome === 'skipped' ? 0 : 1]);
      }
      const isSkipped = report?.resources.some(({ outcome }) => outcome === 'skipped') ?? false;
      expect(isSkipped && report?.outcome !== 'forced').toBe(false);
      expect([life.reports, life.takenTooLate]).toEqual([1, []]);

      // Time goes on, and nothing more happens to it.
      await life.host.advance(60_000);
      expect([...life.lateCloses.values()].filter((times) => times !== 1)).toEqual([]);
      expect(life.phases).toEqual(phases);
      expect([life.host.listenerCount(), life.host.held]).toEqual([0, false]);
      const leaves = all.every(({ act }) => act !== 'close');
      const codes = [report?.exitCode, ...life.lateCodes, ...(leaves ? [] : [undefined])];
      expect(codes).toContain(life.host.exited);
    }),
    { numRuns: 1_000 },
  );
});
