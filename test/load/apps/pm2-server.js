// What pm2 runs in its cluster mode: PORT. JavaScript, for pm2 starts its workers by means of its own.
import { createServer } from 'node:http';
import { createDrain } from '@drainkit/core/node';

const drain = createDrain();
drain.on('report', ({ report }) => console.log(`report ${JSON.stringify(report)}`));

const server = createServer((_request, response) => response.end(String(process.pid)));
drain.attach(server).listen(Number(process.env.PORT), '127.0.0.1');
