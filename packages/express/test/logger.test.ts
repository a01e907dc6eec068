import { pino, type LevelWithSilent } from 'pino';
import { expect, test } from 'vitest';
import { drainOf } from './express-apps.ts';

test.each<[LevelWithSilent, number, number]>([
  ['silent', 1, 0],
  ['fatal', 1, 0],
  ['error', 0, 1],
])('an error that nobody caught is seen with pino at the level %s, too', (level, printed, logged) => {
  const lines: string[] = [];
  const { host } = drainOf({ window: 0, logger: pino({ level }, { write: (line) => void lines.push(line) }) });
  host.fault(new Error('oops'));
  expect(host.printedFaults).toHaveLength(printed);
  expect(lines.filter((line) => line.includes('oops') && line.includes('"drain":"fault"'))).toHaveLength(logged);
});
