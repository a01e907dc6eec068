import { RawClient, spawnApp, within, type SpawnedApp } from '@drainkit/testing';
import { expect, test } from 'vitest';

const start = (): Promise<SpawnedApp> =>
  spawnApp(new URL('server.ts', import.meta.url), { env: { PORT: '0', DRAIN_WINDOW: '1s' } });

const post = (app: SpawnedApp, event: object): Promise<Response> =>
  fetch(`${app.url}/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(event),
  });

/** Clients whose poll the server has received: it logs each request when it comes. */
async function poll(app: SpawnedApp, count: number): Promise<RawClient[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => RawClient.connect(app.url)));
  for (const client of clients) client.get('/events');
  await within(`${count} polls to arrive`, 5_000, arrived(app, count));
  return clients;
}

async function arrived(app: SpawnedApp, count: number): Promise<void> {
  const received = (): number => app.logs.filter(({ msg }) => msg === 'incoming request').length;
  while (received() < count) await new Promise((resolve) => setTimeout(resolve, 10));
}

test('a long poll is answered with the event', async () => {
  await using app = await start();
  const [client] = await poll(app, 1);

  expect((await post(app, { text: 'hello' })).status).toBe(202);
  const answer = await client?.response();
  expect(answer?.status).toBe(200);
  expect(JSON.parse(answer?.body ?? '')).toEqual({ text: 'hello' });
});

test('every long poll is answered with 204 when the drain begins, not when its time is up', async () => {
  await using app = await start();
  const clients = await poll(app, 20);

  app.signal('SIGTERM');
  const answers = await within('the polls to be answered', 5_000, Promise.all(clients.map((it) => it.response())));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 204));
  expect(new Set(answers.map(({ headers }) => headers['connection']))).toEqual(new Set(['close']));

  const { code, ms } = await within('the app to exit', 10_000, app.exited);
  expect(code).toBe(0);
  expect(ms).toBeLessThan(5_000);
});
