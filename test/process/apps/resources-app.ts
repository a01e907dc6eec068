// A program with resources that close well or badly: its arguments name them and say how.
import { setTimeout as sleep } from 'node:timers/promises';
import { createDrain } from '@drainkit/core/node';
import { forever, options, print, tell } from './scene.ts';

const WAYS: Readonly<Record<string, () => unknown>> = {
  ok: () => sleep(5),
  'at-once': () => undefined,
  hangs: () => forever(),
  rejects: () => Promise.reject(new Error('the connection is lost')),
  throws: () => {
    throw new Error('it was closed already');
  },
  'rejects-late': () => sleep(450).then(() => Promise.reject(new Error('too late'))),
};

const drain = createDrain(options);
tell(drain);
for (const argument of process.argv.slice(2)) {
  const [name = '', way = ''] = argument.split(':');
  drain.resource(name, async () => {
    print(`closing ${name}`);
    await WAYS[way]?.();
    print(`closed ${name}`);
  });
}

// What it lives on, until there is somebody to stop it.
const alive = setInterval(() => {}, 1000);
drain.signal.addEventListener('abort', () => clearInterval(alive));
print('ready');
