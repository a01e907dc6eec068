import { freePort, type SpawnedApp } from '@drainkit/testing';
import { describe, expect, test } from 'vitest';
import { missing, startHaproxy, startNginx } from './balancer.ts';
import { countFrom, drain, figuresOf, SERVERS, startClients, startServer } from './load.ts';
import type { ServerEnd } from './load.ts';
import { startWrk } from './wrk.ts';

const RESTARTS = countFrom('DRAINKIT_RESTARTS', 4);

/** How long a process may stay once it could have ended, in milliseconds. */
const LONGEST_STAY = 100;

const BALANCERS = [
  { program: 'haproxy', start: startHaproxy, why: missing('haproxy') ?? missing('wrk') },
  { program: 'nginx', start: startNginx, why: missing('nginx') ?? missing('wrk') },
];

describe.each(SERVERS)('%s', (name) => {
  test.for(BALANCERS)(
    'no request fails in a rolling restart behind $program, and no process stays longer than it must',
    { timeout: 60_000 + RESTARTS * 15_000 },
    async ({ program, start, why }, { skip }) => {
      skip(why !== undefined, why);
      const port = await freePort();
      const ports = [await freePort(), await freePort()];
      const servers: SpawnedApp[] = [];
      for (const backend of ports) servers.push(await startServer(name, backend));
      const balancer = await start(port, ports);
      await balancer.allUp();
      const clients = await startClients({
        url: `http://127.0.0.1:${port}`,
        clients: 64,
        gapMs: 100,
        slowMs: 400,
        endsWhenRefused: false,
        lifetimeMs: 20_000 + RESTARTS * 10_000,
      });

      // Without a gap: there is a request on every connection at every moment.
      const wrk = startWrk(`http://127.0.0.1:${port}/work?ms=40`, 16);

      const ends: ServerEnd[] = [];
      for (let restart = 0; restart < RESTARTS; restart += 1) {
        const turn = restart % 2;
        const server = servers[turn];
        if (server !== undefined) ends.push(await drain(server));
        servers[turn] = await startServer(name, ports[turn]);
        await balancer.allUp();
      }
      const wrkFigures = await wrk.stop();
      await clients.send('stop');
      const figures = await figuresOf(clients);

      const longest = (values: number[]): string => Math.max(...values).toFixed(1);
      console.log(
        `rolling restart ${name} behind ${program}, ${RESTARTS} restarts: requests ${figures.requests}, ` +
          `resets ${figures.resets}, non-200 ${figures.non200}, other ${figures.errors}; wrk: requests ${wrkFigures.requests}, ` +
          `socket errors ${wrkFigures.socketErrors}, non-200 ${wrkFigures.non200}; ` +
          `exit codes ${ends.map(({ code }) => code).join(' ')}; longest: signal to exit ` +
          `${longest(ends.map(({ ms }) => ms))} ms, last response to closing ` +
          `${longest(ends.map(({ beforeClosingMs }) => beforeClosingMs))} ms, closed to exit ` +
          `${longest(ends.map(({ afterClosedMs }) => afterClosedMs))} ms, until it was gone ` +
          `${longest(ends.map(({ untilGoneMs }) => untilGoneMs))} ms`,
      );
      expect(figures).toMatchObject({ resets: 0, non200: 0, errors: 0, failures: [] });
      expect(wrkFigures).toMatchObject({ socketErrors: 0, non200: 0 });
      expect(figures.requests).toBeGreaterThan(RESTARTS * 64);
      expect(wrkFigures.requests).toBeGreaterThan(RESTARTS * 64);
      for (const end of ends) {
        expect(end).toMatchObject({ code: 0, report: { outcome: 'clean', aborted: [], refused: 0 } });
        expect(end.beforeClosingMs).toBeLessThan(LONGEST_STAY);
        expect(end.afterClosedMs).toBeLessThan(LONGEST_STAY);
        // Taking a process down is the system's work, and takes as long as that is busy.
        expect(end.untilGoneMs).toBeLessThan(LONGEST_STAY * 10);
      }
    },
  );
});
