import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

const packages = fileURLToPath(new URL('./packages', import.meta.url));

/** What loads the machine for its figures: one after the other, when everything else is over. */
const LOAD = ['test/load/**/*.test.ts', 'examples/demo/*.test.ts', 'examples/{04,10}-orders-*/*.test.ts'];

export default defineConfig({
  resolve: {
    // A package imported by name and its file imported relatively have to be one module, or `instanceof` lies.
    // Processes that tests spawn know nothing of this: they load dist, as a consumer does.
    alias: [
      { find: /^@drainkit\/(core|express|fastify|testing)$/, replacement: `${packages}/$1/src/index.ts` },
      {
        find: /^@drainkit\/core\/(node|opentelemetry|processes|prom-client)$/,
        replacement: `${packages}/core/src/$1/index.ts`,
      },
    ],
  },
  test: {
    globalSetup: ['test/build.ts'],
    // Sockets, signals and exit codes belong to a process: a thread would share them with other tests.
    pool: 'forks',
    // Every wait has a deadline of its own, which says what for; these are for a machine that does too much at once.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'behaviour',
          include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...LOAD],
          // They wait more than they work.
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'load', include: LOAD, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
