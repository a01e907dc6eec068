import { reached } from '@drainkit/testing';
import type { Request, Response } from 'express';
import request from 'supertest';
import { describe, expect, test } from 'vitest';
import { done, drainOf, type Express, forBothVersions, inFlight, listen, stopped, WINDOW } from './express-apps.ts';

forBothVersions((express) => {
  function appOf(version: Express, ...args: Parameters<typeof drainOf>) {
    const drained = drainOf(...args);
    const app = version();
    app.use(drained.drain.middleware());
    app.get('/orders', (_request: Request, response: Response) => void response.json(['order']));
    return { ...drained, app };
  }

  describe('supertest', () => {
    test('holds an app that does not listen in each phase', async () => {
      const { app, drain, host } = appOf(express);
      let closeDatabase = (): void => {};
      drain.resource('database', () => new Promise<void>((resolve) => (closeDatabase = resolve)));
      const job = drain.enter('job');
      await request(app).get('/ready').expect(200, { status: 'pass' });
      await request(app).get('/orders').expect(200);

      host.signal('SIGTERM');
      await reached(drain, 'announcing');
      expect(drain.phase).toBe('announcing');
      await request(app).get('/ready').expect(503, { status: 'fail', output: 'draining' });
      await request(app).head('/ready').expect(503);
      await request(app).get('/healthz').expect(200);
      await request(app).get('/startup').expect(200);
      await request(app).get('/orders').expect('Connection', 'close').expect(200);

      await host.advance(WINDOW);
      expect(drain.phase).toBe('draining');
      await request(app).get('/ready').expect(503);
      await request(app).get('/healthz').expect(200);
      await request(app).get('/orders').expect('Connection', 'close').expect(200);

      job.leave();
      await reached(drain, 'closing');
      await request(app).get('/ready').expect(503);
      await request(app).get('/healthz').expect(200);

      closeDatabase();
      expect((await done(drain)).outcome).toBe('clean');
      expect(host.exitCode).toBe(0);
    });

    test('reaches a server of the test through the window', async () => {
      const { app, drain, host } = appOf(express);
      const server = drain.attach(await listen(app));
      await request(server).get('/ready').expect(200);
      host.signal('SIGTERM');
      await request(server).get('/ready').expect(503);
      await request(server).get('/orders').expect('Connection', 'close').expect(200);
      await host.advance(WINDOW);
      await stopped(server);
      expect((await done(drain)).outcome).toBe('clean');
    });

    test('sees late requests refused where the options say so', async () => {
      const { app, drain, host } = appOf(express, { lateRequests: 'refuse', retryAfter: '3s' });
      const job = drain.enter('job');
      await request(app).get('/orders').expect(200);
      host.signal('SIGTERM');
      await request(app).get('/orders').expect(200);
      await host.advance(WINDOW);
      expect(drain.phase).toBe('draining');
      await request(app).get('/orders').expect('Retry-After', '3').expect('Connection', 'close').expect(503);
      await request(app).get('/healthz').expect(200);
      job.leave();
      expect((await done(drain)).outcome).toBe('clean');
    });

    test('has no window to hold where no request has come and no server listens, unless the test says so', async () => {
      const first = appOf(express);
      first.host.signal('SIGTERM');
      expect(await done(first.drain)).toMatchObject({ outcome: 'clean', windowEnd: 'skipped' });

      const { app, drain, host } = appOf(express);
      drain.expectRequests();
      host.signal('SIGTERM');
      await request(app).get('/ready').expect(503);
      await request(app).get('/orders').expect('Connection', 'close').expect(200);
      await host.advance(WINDOW);
      expect(await done(drain)).toMatchObject({ outcome: 'clean', windowEnd: 'elapsed' });
    });

    test('leaves nothing behind, however many requests it makes', async () => {
      const { app, drain, host } = appOf(express);
      for (let count = 0; count < 20; count += 1) await request(app).get('/orders').expect(200);
      await inFlight(drain, 0);
      expect(host.listenerCount('SIGTERM')).toBe(1);
      await drain.close();
      expect(host.listenerCount()).toBe(0);
    });
  });
});
