/** Logs through a destination that buffers, or through a transport in a worker thread, until it is told to stop. */
import { createDrain } from '@drainkit/core/node';
import pino from 'pino';

const [kind, file = ''] = process.argv.slice(2);
const logger =
  kind === 'transport'
    ? pino(pino.transport({ target: 'pino/file', options: { destination: file } }))
    : pino(pino.destination({ dest: file, sync: false, minLength: 16_000 }));

const drain = createDrain({ logger });
// Something that keeps the process alive, as a server would.
const work = setInterval(() => {}, 1_000);
drain.resource('work', () => clearInterval(work));
for (let index = 0; index < 100; index += 1) logger.info(`line ${index}`);
console.log('running');
