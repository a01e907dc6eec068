// A forked child that has nothing to do but its drain.
import { createDrain } from '@drainkit/core/node';
import { options, print } from './scene.ts';

createDrain(options);
process.once('exit', (code) => print(`exit ${code}`));
print('ready');
