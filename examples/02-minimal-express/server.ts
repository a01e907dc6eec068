/**
 * The least there is to an Express server that drains: the server attached, and the middleware for those that are not, such as supertest's.
 *
 *     pnpm example examples/02-minimal-express/server.ts
 *
 * What happens is what happens in 01: after `kill -TERM`, five seconds of 503 at `/ready` and of 200 at `/`, then an exit
 * with code 0; after Ctrl+C, the exit at once. Log lines come from pino; pass `logger` for another one, or `false`.
 */
import { createDrain } from '@drainkit/express';
import express from 'express';

const app = express();
const drain = createDrain();
app.use(drain.middleware());

app.get('/', (_request, response) => void response.send('hello\n'));

const port = Number(process.env['PORT'] ?? 3000);
drain.attach(app.listen(port, () => console.log(`listening on http://localhost:${port}`)));
