import { afterAll, describe, expect, test } from 'vitest';
import { countFrom, drain, figuresOf, SERVERS, startClients, startServer } from './load.ts';

const RUNS = countFrom('DRAINKIT_LOAD_RUNS', 2);

describe.each(SERVERS)('%s', (name) => {
  const sums = { runs: 0, requests: 0, late: 0, refused: 0, resets: 0, non200: 0, errors: 0 };

  test.each(Array.from({ length: RUNS }, (_, index) => index + 1))(
    'no request of 200 keep-alive clients fails, run %i',
    { timeout: 40_000 },
    async (run) => {
      const server = await startServer(name);
      const clients = await startClients({
        url: server.url,
        clients: 200,
        gapMs: 400,
        slowMs: 100,
        endsWhenRefused: true,
        lifetimeMs: 15_000,
      });
      const end = await drain(server);
      const figures = await figuresOf(clients);
      const { requests, refused, resets, resetsOnReused, non200, errors } = figures;
      const late = end.report.servedLate;
      console.log(
        `keep-alive ${name} ${run}/${RUNS}: requests ${requests}, late ${late}, refused ${refused}, resets ${resets} ` +
          `(${resetsOnReused} on used connections), non-200 ${non200}, other ${errors}; exit ${end.code} ` +
          `after ${Math.round(end.ms)} ms, closing began ${Math.round(end.beforeClosingMs)} ms after the last response`,
      );
      sums.runs += 1;
      for (const [key, value] of Object.entries({ requests, late, refused, resets, non200, errors })) {
        sums[key as keyof typeof sums] += value;
      }
      expect(figures).toMatchObject({ resets: 0, non200: 0, errors: 0, failures: [] });
      // Every client got as far as the closed listener, and had requests in the window.
      expect(refused).toBe(200);
      expect(requests).toBeGreaterThan(200 * 4);
      expect(end.code).toBe(0);
      expect(end.report).toMatchObject({ outcome: 'clean', aborted: [], refused: 0 });
    },
  );

  afterAll(() => {
    const { runs, requests, late, refused, resets, non200, errors } = sums;
    console.log(
      `keep-alive ${name}, ${runs} runs in all: requests ${requests}, late ${late}, refused ${refused}, ` +
        `resets ${resets}, non-200 ${non200}, other ${errors}`,
    );
  });
});
