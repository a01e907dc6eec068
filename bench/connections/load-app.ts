import type { SpawnedApp } from '@drainkit/testing';

/** The load tests' own servers and clients. */
export const LOAD_APPS: URL = new URL('../../test/load/apps/', import.meta.url);

/** What a program has printed as JSON after `word`. */
export function told(app: SpawnedApp, word: string): unknown {
  const line = app.stdout.find((text) => text.startsWith(`${word} `));
  if (line === undefined) throw new Error(`the app did not print '${word} …':\n${app.output}`);
  return JSON.parse(line.slice(word.length + 1)) as unknown;
}
