// An HTTP server with child processes and threads beside it. SCENE says which: `child:stubborn`, `thread:spinning`, …
// COMPANION has the options of child() or thread() as JSON.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Worker } from 'node:worker_threads';
import { createDrain } from '@drainkit/core/node';
import type { ChildOptions, ThreadOptions } from '@drainkit/core/processes';
import { inScene, listening, openResources, options, print, ROUTES, tell } from './scene.ts';

const companion = JSON.parse(process.env['COMPANION'] ?? '{}') as ChildOptions & ThreadOptions;

const drain = createDrain(options);
tell(drain);
openResources(drain);

/** What the children run. Each prints when it is up, and what it is sent. */
const CHILDREN: Readonly<Record<string, string>> = {
  polite: `process.on('SIGTERM', () => setTimeout(() => { console.log('child done'); process.exit(); }, 100));
    process.on('SIGTERM', () => console.log('child SIGTERM'));
    process.on('SIGINT', () => console.log('child SIGINT'));`,
  stubborn: `process.on('SIGTERM', () => console.log('child SIGTERM'));`,
  failing: `process.on('SIGTERM', () => process.exit(3));`,
  interrupted: `process.on('SIGTERM', () => {}); process.on('SIGINT', () => setTimeout(() => process.exit(130), 300));`,
  plain: '',
  brief: `setTimeout(() => process.exit(4), 100);`,
};

/** @param command - what runs it, before the arguments of Node. */
async function startChild(program: string, command: readonly string[], detached: boolean): Promise<ChildProcess> {
  const script = `${program}; setInterval(() => {}, 1000); console.log('child up ' + process.pid);`;
  const [file, ...args] = [...command, process.execPath, '-e', script];
  const child = spawn(file, args, { detached, stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.on('data', (text: Buffer) => process.stdout.write(text));
  await once(child.stdout, 'data');
  return child;
}

for (const [kind, program] of Object.entries(CHILDREN)) {
  if (!inScene(`child:${kind}`)) continue;
  const child = await startChild(program, [], false);
  if (kind === 'brief') child.once('exit', () => print('brief is over'));
  drain.child(child, { name: kind, ...companion });
}

/** A shell that waits for what it runs, and goes on after it: it ends of a signal at once, and passes none on. */
const SHELL: readonly string[] = ['sh', '-c', '"$@"; true', 'sh'];

for (const [kind, program] of Object.entries(CHILDREN)) {
  if (inScene(`shell:${kind}`)) drain.child(await startChild(program, SHELL, true), { name: 'shell', ...companion });
}

if (inScene('child:group')) {
  // A shell, which passes no signal on to what it runs.
  const child = spawn('sh', ['-c', `sleep 60 & echo "grandchild $!"; wait`], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  drain.child(child, { name: 'shell', ...companion });
}

const THREADS: Readonly<Record<string, string>> = {
  spinning: `console.log('thread up'); setTimeout(() => { for (;;); }, 50);`,
  message: `const { parentPort } = require('node:worker_threads');
    parentPort.on('message', (message) => { console.log('thread was sent ' + message); parentPort.close(); });
    console.log('thread up');`,
};

for (const [kind, program] of Object.entries(THREADS)) {
  if (inScene(`thread:${kind}`)) drain.thread(new Worker(program, { eval: true }), { name: kind, ...companion });
}
/** How long a thread with a drain of its own takes until it has it, in milliseconds. */
const BOOT_TIMES: Readonly<Record<string, number>> = { drain: 0, booting: 1000 };

for (const [kind, bootMs] of Object.entries(BOOT_TIMES)) {
  if (!inScene(`thread:${kind}`)) continue;
  const thread = new Worker(new URL('./thread-app.js', import.meta.url), { workerData: { bootMs } });
  drain.thread(thread, { name: kind, ...companion });
}

const server = createServer((request, response) => {
  const route = ROUTES[request.url ?? ''];
  if (route === undefined) response.writeHead(404).end();
  else void route(drain).then((text) => response.end(text));
});
drain.attach(server);
server.listen(0, '127.0.0.1');
await listening(server);
