// A program without HTTP: one job after the other, until the drain says stop.
import { setTimeout as sleep } from 'node:timers/promises';
import { createDrain } from '@drainkit/core/node';
import { openResources, options, print, tell } from './scene.ts';

const drain = createDrain(options);
tell(drain);
openResources(drain);

print('ready');
for (let job = 1; !drain.signal.aborted; job += 1) {
  await drain.track(async () => {
    print(`began ${job}`);
    await sleep(400);
    print(`done ${job}`);
  }, `job ${job}`);
}
