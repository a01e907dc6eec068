/**
 * A cluster that takes a new version without a restart: four workers on one port, and a primary that replaces them one by one.
 *
 *     pnpm example examples/09-cluster-reload/server.ts
 *
 * It says which process it is. In a second terminal, `while sleep 0.1; do curl -s localhost:3000; done` shows who answers;
 * `kill -HUP <the primary>` in a third replaces the workers, and not one answer is missing. Break the worker (a typo will do)
 * and send it again: the reload is given up, and the old ones go on. Ctrl+C drains them all.
 */
import cluster from 'node:cluster';
import { createServer } from 'node:http';
import { createDrain } from '@drainkit/core/node';
import { createPrimary } from '@drainkit/core/processes';

if (cluster.isPrimary) {
  const primary = createPrimary({ workers: Number(process.env['WORKERS'] ?? 4) });
  primary.on((event) => {
    if (event.type === 'reload-failed') console.error(event.error.message);
    else console.log('worker' in event ? `${event.type}: ${event.worker}` : event.type);
  });
  await primary.start();
  console.log(`primary ${process.pid}: kill -HUP ${process.pid} reloads`);
} else {
  const drain = createDrain({ window: '1s' });
  const server = createServer((_request, response) => response.end(`${process.pid}\n`));
  drain.attach(server).listen(Number(process.env['PORT'] ?? 3000));
}
