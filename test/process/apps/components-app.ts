// An app of components: a store, a queue that takes its time to connect, and a consumer on top of both.
import { setTimeout as sleep } from 'node:timers/promises';
import { createDrain } from '@drainkit/core/node';
import { inScene, options, print, tell } from './scene.ts';

const drain = createDrain(options);
tell(drain);

function component(name: string, dependsOn: readonly string[], connectMs: number): void {
  drain.component({
    name,
    dependsOn,
    start: async () => {
      print(`starting ${name}`);
      await sleep(connectMs);
      if (inScene(`refuse:${name}`)) throw new Error(`${name} refused the connection`);
      print(`started ${name}`);
    },
    quiesce: () => print(`quiesced ${name}`),
    close: () => print(`closed ${name}`),
  });
}

component('consumer', ['store', 'queue'], 5);
component('store', [], 5);
component('queue', [], Number(process.env['CONNECT_MS']));

await drain.startComponents();

// What it lives on, until there is somebody to stop it.
const alive = setInterval(() => {}, 1000);
drain.signal.addEventListener('abort', () => clearInterval(alive));
print('ready');
