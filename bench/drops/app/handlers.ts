import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** A request that takes a little, as most do. */
export async function greet(): Promise<string> {
  await sleep(Math.random() * 100);
  return 'hello\n';
}

/** A request that is in flight when the signal comes, and ends while the server drains. */
export async function greetSlowly(): Promise<string> {
  await sleep(1000);
  return 'hello\n';
}

/** Answers, and throws a little later where nobody catches it. */
export function failLater(): string {
  setTimeout(() => {
    throw new Error('nobody catches this');
  }, 450);
  return 'soon\n';
}

/** Server-sent events, until the client leaves. */
export function streamEvents(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  const send = (): void => void response.write('data: tick\n\n');
  const timer = setInterval(send, 200);
  response.on('close', () => clearInterval(timer));
  send();
}
