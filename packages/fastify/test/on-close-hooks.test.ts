import fp from 'fastify-plugin';
import { reached, within } from '@drainkit/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect, done, drainedApp, type DrainedApp, inFlight } from './drained-app.ts';

/** Registers resources and onClose hooks in all places, and says in which order they ran. */
async function withHooks(hook: (order: string[]) => unknown): Promise<DrainedApp & { readonly order: string[] }> {
  const order: string[] = [];
  const drained = await drainedApp({ window: 0 });
  const { app } = drained;
  app.drain.resource('database', () => order.push('resource database'));
  app.register(
    fp(async (instance) => {
      instance.addHook('onClose', async () => void order.push('hook of a plugin'));
    }),
  );
  app.register(async (child) => {
    child.addHook('onClose', () => hook(order) as Promise<void>);
  });
  app.drain.resource('cache', () => order.push('resource cache'));
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { ...drained, order };
}

describe('onClose hooks', () => {
  const quiet = (order: string[]): void => void order.push('hook of a child');

  test('run before the resources close, after a signal', async () => {
    const { app, host, order } = await withHooks(async (it) => quiet(it));
    host.signal('SIGTERM');
    const { outcome, resources } = await done(app);
    expect(order).toEqual(['hook of a child', 'hook of a plugin', 'resource cache', 'resource database']);
    expect(resources.map(({ name }) => name)).toEqual(['fastify', 'cache', 'database']);
    expect(outcome).toBe('clean');
  });

  test('run before the resources close, after app.close()', async () => {
    const { app, order } = await withHooks(async (it) => quiet(it));
    await within('app.close()', 5_000, app.close());
    expect(order).toEqual(['hook of a child', 'hook of a plugin', 'resource cache', 'resource database']);
    expect((await done(app)).outcome).toBe('clean');
  });

  test('run only when nothing is in flight any more', async () => {
    const { app, host, order, release } = await withHooks(async (it) => quiet(it));
    const client = (await connect(app.server)).get('/slow');
    await inFlight(app, 1);
    host.signal('SIGTERM');
    await host.advance(5_000);
    expect(order).toEqual([]);
    release();
    expect((await client.response()).body).toBe('slow');
    await done(app);
    expect(order).toHaveLength(4);
  });

  test('that reject are reported, and the resources close, after a signal', async () => {
    const { app, host, order } = await withHooks(() => Promise.reject(new Error('no')));
    host.signal('SIGTERM');
    const { outcome, resources } = await done(app);
    expect(order).toEqual(expect.arrayContaining(['resource cache', 'resource database']));
    expect(resources[0]).toMatchObject({ name: 'fastify', outcome: 'failed', error: 'no' });
    expect([outcome, host.exitCode]).toEqual(['failed', 1]);
  });

  test('that reject are told to whoever calls app.close(), and the resources close', async () => {
    const { app, order } = await withHooks(() => Promise.reject(new Error('no')));
    await expect(within('app.close()', 5_000, app.close())).rejects.toThrow('no');
    await done(app);
    expect(order).toEqual(expect.arrayContaining(['resource cache', 'resource database']));
  });

  test.each(['signal', 'close'] as const)(
    'that hang are bounded and reported, and the resources close (%s)',
    async (how) => {
      const { app, host, order } = await withHooks(() => new Promise(() => {}));
      if (how === 'signal') host.signal('SIGTERM');
      else void app.close();
      await reached(app.drain, 'closing');
      await host.advance(5_000);
      const { outcome, resources } = await done(app);
      expect(order).toEqual(['resource cache', 'resource database']);
      expect(resources[0]).toMatchObject({ name: 'fastify', outcome: 'hung', ms: 5_000 });
      expect(outcome).toBe('failed');
      expect(host.exitCode).toBe(how === 'signal' ? 1 : undefined);
    },
  );

  test('that throw at once are bounded and reported, and the resources close', async () => {
    const { app, host, order } = await withHooks(() => {
      throw new Error('no');
    });
    // Fastify lets go of it as an uncaught exception, and close() never settles. The runner's own listeners must not see it.
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const onFault = (error: unknown): void => void host.fault(error);
    process.on('uncaughtException', onFault);
    onTestFinished(() => {
      process.removeAllListeners('uncaughtException');
      for (const listener of listeners) process.on('uncaughtException', listener);
    });
    host.signal('SIGTERM');
    await reached(app.drain, 'closing');
    await host.advance(5_000);
    const { outcome, resources, faults } = await done(app);
    expect(order).toEqual(expect.arrayContaining(['resource cache', 'resource database']));
    expect(outcome).toBe('failed');
    expect([resources[0]?.outcome, ...faults]).not.toEqual(['closed']);
    expect(host.exitCode).toBe(1);
  });
});
