// A cluster with a rolling reload: PRIMARY has the primary's options as JSON, OPTIONS those of the workers' drains.
import cluster from 'node:cluster';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDrain } from '@drainkit/core/node';
import { createPrimary, notifySystemd, type PrimaryOptions } from '@drainkit/core/processes';
import { inScene, options, print, ROUTES, throwNowhere } from './scene.ts';

// Which policy is in force is decided when the first worker is forked.
if (inScene('shared')) cluster.schedulingPolicy = cluster.SCHED_NONE;

if (cluster.isPrimary) await runPrimary();
else await runWorker();

async function runPrimary(): Promise<void> {
  const primary = createPrimary(JSON.parse(process.env['PRIMARY'] ?? '{}') as PrimaryOptions);
  const { drain } = primary;
  primary.on((event) =>
    print(
      `cluster ${JSON.stringify(event, (_, value) => (value instanceof Error ? value.message : value) as unknown)}`,
    ),
  );
  drain.resource('metrics', () => print('closed metrics'));
  drain.on('report', ({ report }) => print(`report ${JSON.stringify(report)}`));
  process.once('exit', (code) => print(`exit ${code}`));
  process.on('SIGUSR2', () => void primary.reload().catch(() => {}));
  let port = 0;
  cluster.on('listening', (_, address) => (port = address.port));
  const started = primary.start();
  print('starting');
  if (inScene('systemd'))
    notifySystemd(drain, { ready: started, send: (lines) => print(`systemd ${lines.join(' ')}`) });
  if (inScene('catch')) await started.catch((error: Error) => print(`start failed: ${error.message}`));
  else if (!inScene('systemd')) await started;
  print(`listening on http://127.0.0.1:${port}`);
}

async function runWorker(): Promise<void> {
  // A file that appears makes the next worker a bad one.
  const broken = process.env['BROKEN'] ?? '';
  if (existsSync(broken)) throw new Error('bad deploy');
  const drain = createDrain(options);
  drain.on('trigger', ({ trigger }) => print(`worker ${process.pid} ${trigger.reason}`));
  drain.on('report', ({ report }) => print(`worker ${process.pid} report ${JSON.stringify(report)}`));
  if (inScene('stubborn'))
    drain.resource('stubborn', () => {
      for (;;);
    });
  if (inScene('failing')) drain.resource('failing', () => throwNowhere());
  if (inScene('warming')) drain.unready('warming up');
  const server = createServer((request, response) => {
    if (request.url === '/pid') return void response.end(String(process.pid));
    if (request.url === '/crash') process.exit(3);
    const route = ROUTES[request.url ?? ''];
    if (route === undefined) response.writeHead(404).end();
    else void route(drain).then((text) => response.end(text));
  });
  drain.attach(server).listen(Number(process.env['PORT'] ?? 0), '127.0.0.1');
  if (inScene('warming')) {
    await sleep(300);
    drain.ready();
  }
}
