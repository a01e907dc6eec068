import { createDrain, DrainError } from '@drainkit/express';
import { eventually, fakeHost } from '@drainkit/testing';
import type { NextFunction, Request, Response } from 'express';
import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { connect, done, drainOf, forBothVersions, inFlight, listen, stopped, WINDOW } from './express-apps.ts';

forBothVersions((express) => {
  describe('the middleware', () => {
    test('mounted first answers health before anything else sees the request', async () => {
      const { drain } = drainOf();
      const app = express();
      const seen: string[] = [];
      app.use(drain.middleware());
      app.use((request: Request, _response: Response, next: NextFunction) => {
        seen.push(request.url);
        next();
      });
      app.get('/', (_request: Request, response: Response) => void response.send('ok'));
      const client = await connect(drain.attach(await listen(app)));
      expect((await client.get('/ready').response()).body).toBe('{"status":"pass"}');
      expect((await client.get('/').response()).body).toBe('ok');
      expect(seen).toEqual(['/']);
    });

    test('mounted last answers health as long as no route before it does, and requests are drained all the same', async () => {
      const { drain, host } = drainOf();
      const app = express();
      app.get('/', (_request: Request, response: Response) => void response.send('ok'));
      app.use(drain.middleware());
      const client = await connect(drain.attach(await listen(app)));
      expect((await client.get('/ready').response()).status).toBe(200);
      host.signal('SIGTERM');
      const { body, headers } = await client.get('/').response();
      expect([body, headers['connection']]).toEqual(['ok', 'close']);
      await host.advance(WINDOW);
      expect((await done(drain)).outcome).toBe('clean');
    });

    test.each([true, false])(
      'is not needed for the health routes of an attached server, enabled: %s',
      async (enabled) => {
        const { drain } = drainOf({ enabled });
        const app = express();
        app.get('/ready', (_request: Request, response: Response) => void response.send('the app itself'));
        app.post('/ready', (_request: Request, response: Response) => void response.send('posted'));
        const client = await connect(drain.attach(await listen(app)));
        expect((await client.get('/ready?x').response()).body).toBe('{"status":"pass"}');
        expect((await client.request('POST', '/ready').response()).body).toBe('posted');
      },
    );

    test('leaves its paths to an app that has routes of its own, with health: false', async () => {
      const { drain } = drainOf({ health: false });
      const app = express();
      app.get('/ready', (_request: Request, response: Response) => void response.send('the app itself'));
      const client = await connect(drain.attach(await listen(app)));
      expect((await client.get('/ready').response()).body).toBe('the app itself');
    });

    test('mounted under a path answers the health paths as they are written in the options, whole', async () => {
      const { drain } = drainOf({ health: { ready: '/internal/ready', live: '/internal/live', startup: false } });
      const app = express();
      app.use('/internal', drain.middleware());
      const client = await connect(drain.attach(await listen(app)));
      expect((await client.get('/internal/ready?x=1').response()).status).toBe(200);
      expect((await client.get('/internal/live').response()).status).toBe(200);
      expect((await client.get('/ready').response()).status).toBe(404);
      expect((await client.get('/internal/internal/ready').response()).status).toBe(404);
    });

    test('mounted under a path drains requests that never pass it', async () => {
      const { drain, host } = drainOf({ lateRequests: 'refuse' });
      const app = express();
      app.use('/internal', drain.middleware());
      app.get('/slow', (_request: Request, response: Response) => void setTimeout(() => response.send('slow'), 50));
      const server = drain.attach(await listen(app));
      const [late, client] = [await connect(server), await connect(server)];
      await late.get('/nothing').response();
      client.get('/slow');
      await inFlight(drain, 1);
      host.signal('SIGINT');
      expect((await late.get('/slow').response()).status).toBe(503);
      const { body, headers } = await client.response();
      expect([body, headers['connection']]).toEqual(['slow', 'close']);
      const { outcome, refused } = await done(drain);
      expect({ outcome, refused }).toEqual({ outcome: 'clean', refused: 1 });
    });

    test('used twice counts once', async () => {
      const { drain } = drainOf();
      const app = express();
      app.use(drain.middleware(), drain.middleware());
      app.get('/hang', () => {});
      const server = drain.attach(await listen(app));
      (await connect(server)).get('/hang');
      await inFlight(drain, 1);
      expect(drain.inFlight).toBe(1);
    });
  });

  describe('without attach()', () => {
    test('the first request attaches its server, and is counted itself', async () => {
      const { drain, host } = drainOf();
      const app = express();
      let finish = (): void => {};
      app.use(drain.middleware());
      app.get('/slow', (_request: Request, response: Response) => {
        finish = () => void response.send('slow');
      });
      const server = await listen(app);
      const client = (await connect(server)).get('/slow');
      await inFlight(drain, 1);
      host.signal('SIGTERM');
      await host.advance(WINDOW);
      await stopped(server);
      expect(drain.phase).toBe('draining');
      finish();
      const { body, headers } = await client.response();
      expect([body, headers['connection']]).toEqual(['slow', 'close']);
      expect((await done(drain)).outcome).toBe('clean');
      expect(drain.inFlight).toBe(0);
    });

    test('a request that comes without a server at all is counted, told to close, and refused as any other', async () => {
      const { drain, host } = drainOf({ lateRequests: 'refuse' });
      const app = express();
      app.use(drain.middleware());
      app.get('/orders/:id', () => {});
      const call = (url: string): ServerResponse => {
        const message = new IncomingMessage(undefined as unknown as Socket);
        Object.assign(message, { method: 'GET', url });
        const response = new ServerResponse(message);
        app(message as Request, response as Response);
        return response;
      };
      const first = call('/orders/7');
      expect(drain.inFlight).toBe(1);
      host.signal('SIGTERM');
      expect(drain.phase).toBe('announcing');
      expect(call('/ready').statusCode).toBe(503);
      await host.advance(WINDOW);
      expect(drain.phase).toBe('draining');
      const late = call('/orders/8');
      expect([late.statusCode, late.shouldKeepAlive]).toEqual([503, false]);
      first.end('done');
      first.emit('finish');
      expect(first.shouldKeepAlive).toBe(false);
      expect(await done(drain)).toMatchObject({ outcome: 'clean', refused: 1, inFlightAtStart: 1 });
    });

    test('a first request that comes while announcing is told to close', async () => {
      const { drain, host } = drainOf();
      const app = express();
      app.use(drain.middleware());
      app.get('/', (_request: Request, response: Response) => void response.send('ok'));
      const server = await listen(app);
      drain.expectRequests();
      host.signal('SIGTERM');
      expect(drain.phase).toBe('announcing');
      const { body, headers } = await (await connect(server)).get('/').response();
      expect([body, headers['connection']]).toEqual(['ok', 'close']);
    });

    test('a first request that is refused is counted as refused', async () => {
      const { drain, host } = drainOf({ refuseDuringWindow: true });
      const app = express();
      app.use(drain.middleware());
      const server = await listen(app);
      drain.expectRequests();
      host.signal('SIGTERM');
      const { status, headers } = await (await connect(server)).get('/').response();
      expect([status, headers['retry-after'], headers['connection']]).toEqual([503, '1', 'close']);
      await host.advance(WINDOW);
      expect((await done(drain)).refused).toBe(1);
    });

    test('a server that nobody has asked anything is not left behind once somebody has asked another', async () => {
      const { drain, host } = drainOf();
      const app = express();
      app.use(drain.middleware());
      app.get('/', (_request: Request, response: Response) => void response.send('ok'));
      const [first, second] = [await listen(app), await listen(app)];
      await (await connect(first)).get('/').response();
      await (await connect(second)).get('/').response();
      host.signal('SIGTERM');
      await host.advance(WINDOW);
      await stopped(first, second);
      expect((await done(drain)).outcome).toBe('clean');
    });
  });

  describe('listening several times', () => {
    test('drains every server, with one listener for each signal', async () => {
      const { drain, host } = drainOf();
      const app = express();
      app.use(drain.middleware());
      app.get('/', (_request: Request, response: Response) => void response.send('ok'));
      const servers = [await listen(app), await listen(app), await listen(app)];
      for (const server of servers) drain.attach(server);
      expect(host.listenerCount('SIGTERM')).toBe(1);
      host.signal('SIGTERM');
      for (const server of servers) {
        expect((await (await connect(server)).get('/').response()).headers['connection']).toBe('close');
      }
      await host.advance(WINDOW);
      await stopped(...servers);
      expect((await done(drain)).outcome).toBe('clean');
    });
  });

  describe('reports', () => {
    test('name a hung request by the pattern of nested routers, without values or query', async () => {
      const { drain, host } = drainOf({ deadline: 1_000 });
      const app = express();
      const orders = express.Router();
      orders.get('/:id/items/:item', () => {});
      const shops = express.Router();
      shops.use('/orders', orders);
      app.use(drain.middleware());
      app.use('/shops', shops);
      (await connect(drain.attach(await listen(app)))).get('/shops/orders/7/items/8?token=secret');
      await inFlight(drain, 1);
      host.signal('SIGINT');
      await host.advance(1_500);
      expect((await done(drain)).aborted.map(({ name }) => name)).toEqual(['GET /shops/orders/:id/items/:item']);
    });

    test('name a request that hangs before it finds a route by its path', async () => {
      const { drain, host } = drainOf({ deadline: 1_000 });
      const app = express();
      app.use(drain.middleware());
      app.use('/shops', () => {});
      (await connect(drain.attach(await listen(app)))).get('/shops/7?token=secret');
      await inFlight(drain, 1);
      host.signal('SIGINT');
      await host.advance(1_500);
      expect((await done(drain)).aborted.map(({ name }) => name)).toEqual(['GET /shops/7']);
    });
  });

  describe('a handler that fails', () => {
    test('during the drain is answered by the error middleware, counted, and ends nothing', async () => {
      const { drain, host } = drainOf();
      const app = express();
      let fail = (): void => {};
      app.use(drain.middleware());
      app.get('/fails', (_request: Request, _response: Response, next: NextFunction) => {
        fail = () => next(new Error('no'));
      });
      app.use((_error: Error, _request: Request, response: Response, _next: NextFunction) => {
        response.status(500).send('failed');
      });
      const client = (await connect(drain.attach(await listen(app)))).get('/fails');
      await inFlight(drain, 1);
      host.signal('SIGTERM');
      await host.advance(WINDOW);
      fail();
      const { status, body, headers } = await client.response();
      expect([status, body, headers['connection']]).toEqual([500, 'failed', 'close']);
      expect((await done(drain)).outcome).toBe('clean');
      expect(host.exitCode).toBe(0);
    });
  });

  describe('lateRequests and routes', () => {
    test('the signals of a request are its own', async () => {
      const { drain, host } = drainOf();
      const app = express();
      const signals: AbortSignal[] = [];
      app.use(drain.middleware());
      app.get('/events', (request: Request, response: Response) => {
        const { signal } = drain.request(request);
        signals.push(signal);
        response.write('begin;');
        signal.addEventListener('abort', () => response.end('bye'), { once: true });
      });
      const client = (await connect(drain.attach(await listen(app)))).get('/events');
      await eventually('the stream to begin', () => client.received.includes('begin;'));
      expect(signals[0]).not.toBe(drain.signal);
      host.signal('SIGTERM');
      expect((await client.response()).body).toBe('begin;bye');
    });
  });
});

describe('an async handler of Express 5 that rejects', () => {
  test('during the drain is answered and counted', async () => {
    const { default: express } = await import('express');
    const { drain, host } = drainOf();
    const app = express();
    let fail = (): void => {};
    app.use(drain.middleware());
    app.get('/fails', async () => {
      await new Promise<void>((resolve) => (fail = resolve));
      throw new Error('no');
    });
    app.use((_error: Error, _request: Request, response: Response, _next: NextFunction) => {
      response.status(500).send('failed');
    });
    const client = (await connect(drain.attach(await listen(app)))).get('/fails');
    await inFlight(drain, 1);
    host.signal('SIGINT');
    fail();
    expect((await client.response()).body).toBe('failed');
    expect((await done(drain)).outcome).toBe('clean');
  });
});

describe('attach()', () => {
  test.each([
    ['an Express app', () => ({ listen() {} })],
    ['a function', () => () => {}],
    ['a port', () => 3000],
    ['nothing', () => undefined],
  ])('of %s is DRAIN_SERVER_INVALID', (_, wrong) => {
    const { drain } = drainOf();
    expect(() => drain.attach(wrong() as never)).toThrow(DrainError);
    expect(() => drain.attach(wrong() as never)).toThrow(expect.objectContaining({ code: 'DRAIN_SERVER_INVALID' }));
  });

  test('returns the server', async () => {
    const { default: express } = await import('express');
    const { drain } = drainOf();
    const server = await listen(express());
    expect(drain.attach(server)).toBe(server);
  });
});

describe('createDrain()', () => {
  test('refuses options that cannot be used', () => {
    expect(() => createDrain({ host: fakeHost(), windw: '5s' } as never)).toThrow(
      expect.objectContaining({
        code: 'DRAIN_OPTIONS_INVALID',
        message: expect.stringContaining('did you mean window') as string,
      }),
    );
  });

  test('reads the environment, which wins', () => {
    const host = fakeHost({ env: { DRAIN_WINDOW: '250ms' } });
    expect(createDrain({ host, logger: false, window: '1s' }).plan.window).toBe(250);
  });
});
