import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const packages = fileURLToPath(new URL('./packages', import.meta.url));

export default defineConfig({
  resolve: {
    // A package imported by name and its file imported relatively have to be one module, or `instanceof` lies.
    // Processes that tests spawn know nothing of this: they load dist, as a consumer does.
    alias: [
      { find: /^@drainkit\/(core|express|fastify|testing)$/, replacement: `${packages}/$1/src/index.ts` },
      { find: /^@drainkit\/core\/node$/, replacement: `${packages}/core/src/node/index.ts` },
    ],
  },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts'],
    globalSetup: ['test/build.ts'],
    // Sockets, signals and exit codes belong to a process: a thread would share them with other tests.
    pool: 'forks',
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
