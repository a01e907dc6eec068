// Two drains in one process: one is done at once, the other has work for longer than a process may linger.
import { setTimeout as sleep } from 'node:timers/promises';
import { createDrain } from '@drainkit/core/node';
import { inScene, options, print, tell } from './scene.ts';

const quick = createDrain(options);
const slow = createDrain(options);
tell(quick, 'quick');
tell(slow, 'slow');

quick.resource('quick', () => {
  if (inScene('quick-fails')) throw new Error('the quick one fails');
  print('closed quick');
});
slow.resource('slow', () => print('closed slow'));
void slow.track(() => sleep(700), 'a long job');

setInterval(() => {}, 1000);
print('ready');
