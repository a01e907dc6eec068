import express, { type Express } from 'express';
import { failLater, greet, greetSlowly, streamEvents } from './handlers.ts';

export function addExpressRoutes(app: Express): void {
  app.use(express.json());
  app.get('/', async (_request, response) => void response.send(await greet()));
  app.post('/', async (_request, response) => void response.send(await greet()));
  app.get('/slow', async (_request, response) => void response.send(await greetSlowly()));
  app.get('/fault', (_request, response) => void response.send(failLater()));
  app.get('/hang', () => {});
  app.get('/events', (_request, response) => streamEvents(response));
}
