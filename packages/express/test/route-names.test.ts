import { createServer } from 'node:http';
import type { Request, Response } from 'express';
import { describe, expect, test } from 'vitest';
import { connect, done, drainOf, type Express, forBothVersions, inFlight, listen } from './express-apps.ts';

/** How the report names what hung when the deadline came: whatever `mount` has set up answers nothing. */
async function namesOf(express: Express, mount: (app: ReturnType<Express>) => void, ...paths: string[]) {
  const { drain, host } = drainOf({ window: 0, deadline: 1_000 });
  const app = express();
  app.use(drain.middleware());
  mount(app);
  const server = drain.attach(await listen(app));
  for (const path of paths) (await connect(server)).get(path);
  await inFlight(drain, paths.length);
  host.signal('SIGTERM');
  await host.advance(1_500);
  return (await done(drain)).aborted.map(({ name }) => name);
}

const hang = (_request: Request, _response: Response): void => {};

forBothVersions((express) => {
  function confirming() {
    const router = express.Router();
    router.get('/confirm/:id', hang);
    return router;
  }

  describe('the name of a request', () => {
    test('has the pattern of a router that is mounted under one, and nothing of what the client sent', async () => {
      const names = await namesOf(
        express,
        (app) => app.use('/reset/:token', confirming()),
        '/reset/SECRET/confirm/7?q=SECRET',
      );
      expect(names).toEqual(['GET /reset/:token/confirm/:id']);
    });

    test('of a router without an app shows nothing of what it was mounted under', async () => {
      const { drain, host } = drainOf({ window: 0, deadline: 1_000 });
      const router = express.Router();
      router.use('/reset/:token', confirming());
      const server = createServer((request, response) => {
        router(request as Request, response as Response, () => response.end());
      });
      drain.attach(await listen(server));
      (await connect(server)).get('/reset/SECRET/confirm/7');
      await inFlight(drain, 1);
      host.signal('SIGTERM');
      await host.advance(1_500);
      expect((await done(drain)).aborted.map(({ name }) => name)).toEqual(['GET …/confirm/:id']);
    });

    test('of a router that is mounted in itself is found all the same', async () => {
      const names = await namesOf(
        express,
        (app) => {
          const router = confirming();
          router.use('/again', router);
          app.use('/v1', router);
        },
        '/v1/confirm/7',
      );
      expect(names).toEqual(['GET /v1/confirm/:id']);
    });

    test('has that of each router on the way, and of an app in the app', async () => {
      const names = await namesOf(
        express,
        (app) => {
          const inner = express();
          const tenant = express.Router();
          tenant.use('/reset/:token', confirming());
          inner.use('/t/:tenant', tenant);
          app.use('/v1', inner);
          app.use('/v2', tenant);
        },
        '/v1/t/SECRET/reset/SECRET/confirm/7',
        '/V2/reset/SECRET/confirm/7',
      );
      expect(names).toEqual(['GET /v1/t/:tenant/reset/:token/confirm/:id', 'GET /v2/reset/:token/confirm/:id']);
    });

    test('has that of the mount that the request went through, where a router is mounted twice', async () => {
      const names = await namesOf(
        express,
        (app) => {
          const router = confirming();
          app.use('/reset', router);
          app.use('/:tenant', router);
          app.use(router);
        },
        '/reset/confirm/7',
        '/SECRET/confirm/7',
        '/confirm/7',
      );
      expect(names).toEqual(['GET /reset/confirm/:id', 'GET /:tenant/confirm/:id', 'GET /confirm/:id']);
    });

    test.each([
      ['a regular expression', /^\/r-[a-z0-9]+/i, '/r-secret'],
      ['one without any classes', /^\/r-./, '/r-s'],
      ['several paths', ['/a', '/b/:token'], '/b/secret'],
    ])('says nothing of what a router is mounted under that is %s', async (_, path, sent) => {
      const names = await namesOf(express, (app) => app.use(path, confirming()), `${sent}/confirm/7`);
      expect(names).toEqual(['GET …/confirm/:id']);
    });
  });
});
