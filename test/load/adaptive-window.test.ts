import { freePort } from '@drainkit/testing';
import { describe, expect, test } from 'vitest';
import { missing, startHaproxy } from './balancer.ts';
import { countFrom, drain, figuresOf, SERVERS, startClients, startServer } from './load.ts';

const RUNS = countFrom('DRAINKIT_WINDOW_RUNS', 1);

/** How long a drain may take that ends its window when the balancer has noticed, as a share of one with the default window. */
const LONGEST_SHARE = 0.4;

const FIXED = { DRAIN_WINDOW: undefined };
const ADAPTIVE = { DRAIN_WINDOW: '5s', DRAIN_WINDOW_MIN: '300ms', DRAIN_WINDOW_QUIET: '500ms' };

const why = missing('haproxy');

describe.skipIf(why !== undefined).each(SERVERS)(`%s${why === undefined ? '' : ` (${why})`}`, (name) => {
  test(
    `a window that ends when HAProxy has noticed takes at most ${LONGEST_SHARE * 100} % of the default one, and drops nothing`,
    { timeout: 20_000 + RUNS * 20_000 },
    async () => {
      for (let run = 1; run <= RUNS; run += 1) {
        const port = await freePort();
        const ports = [await freePort(), await freePort(), await freePort()] as const;
        const fixed = await startServer(name, ports[0], FIXED);
        const adaptive = await startServer(name, ports[1], ADAPTIVE);
        await startServer(name, ports[2]);
        const balancer = await startHaproxy(port, ports);
        await balancer.allUp();
        const clients = await startClients({
          url: `http://127.0.0.1:${port}`,
          clients: 64,
          gapMs: 100,
          slowMs: 200,
          endsWhenRefused: false,
          lifetimeMs: 30_000,
        });

        // Both at once, under the same load: what the machine does meanwhile hits them alike.
        const [slow, quick] = await Promise.all([drain(fixed), drain(adaptive)]);
        await clients.send('stop');
        const figures = await figuresOf(clients);
        const share = quick.ms / slow.ms;
        console.log(
          `adaptive window ${name}, run ${run}/${RUNS}: whole drain ${Math.round(quick.ms)} ms (the window ended by ` +
            `${quick.report.windowEnd}, after ${quick.report.probeFailures} failed probes), with the default window ` +
            `${Math.round(slow.ms)} ms: ${(share * 100).toFixed(1)} %; requests ${figures.requests}, resets ${figures.resets}, ` +
            `non-200 ${figures.non200}, other ${figures.errors}`,
        );
        expect(figures).toMatchObject({ resets: 0, non200: 0, errors: 0, failures: [] });
        expect([slow, quick]).toMatchObject([{ code: 0 }, { code: 0, report: { windowEnd: 'quiet' } }]);
        expect(share).toBeLessThanOrEqual(LONGEST_SHARE);
      }
    },
  );
});
