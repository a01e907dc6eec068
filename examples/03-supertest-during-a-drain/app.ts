/**
 * An Express app as you would write it to be testable: it is given its drain and its database, and listens nowhere itself.
 * There is nothing to run here; app.test.ts beside it is the example.
 */
import type { ExpressDrain } from '@drainkit/express';
import express, { type Express } from 'express';

/** The part of a database that this app needs. */
export interface Database {
  find(id: string): Promise<string>;
  close(): Promise<void>;
}

export function createApp(drain: ExpressDrain, database: Database): Express {
  drain.resource('database', () => database.close());

  const app = express();
  app.use(drain.middleware());
  app.get('/', (_request, response) => {
    response.send('hello');
  });
  app.get('/orders/:id', (request, response, next) => {
    database.find(request.params.id).then((item) => response.json({ item }), next);
  });
  return app;
}
