// A thread with a drain of its own: one job after the other, until it is told to stop. JavaScript, for not every Node strips
// types in a thread.
import { setTimeout as sleep } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import { createDrain } from '@drainkit/core/node';

console.log('thread boots');
await sleep(workerData.bootMs);
const drain = createDrain({ exit: true });
drain.resource('thread database', () => console.log('thread closed database'));
drain.on('trigger', ({ trigger }) => console.log(`thread told: ${trigger.reason}`));

for (let job = 1; !drain.signal.aborted; job += 1) {
  await drain.track(() => sleep(200), `job ${job}`);
  if (job === 1) console.log('thread up');
}
console.log('thread finished its job');
