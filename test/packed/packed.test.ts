import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { RawClient, spawnApp, within } from '@drainkit/testing';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

interface Ran {
  readonly code: number;
  readonly output: string;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

/** The Node binaries that the packages are tried with: those of DRAINKIT_NODES, separated by colons, or this one. */
const NODES = (process.env['DRAINKIT_NODES'] ?? process.execPath).split(':').filter((path) => path !== '');

const published = await publishedPackages();

/** `@drainkit/core/node` and the like: everything that can be imported. */
const entries = published.flatMap(({ manifest }) =>
  Object.keys(manifest.exports ?? {})
    .filter((path) => path !== './package.json')
    .map((path) => manifest.name + path.slice(1)),
);

/** A project of its own, outside of the workspace, with the packed packages installed. */
let consumer = '';

beforeAll(async () => {
  consumer = await mkdtemp(join(tmpdir(), 'drainkit-packed-'));
  const tarballs = await Promise.all(published.map(({ folder, manifest }) => pack(folder, manifest.name)));
  const dependencies = Object.fromEntries(published.map(({ manifest }, index) => [manifest.name, tarballs[index]]));
  const workspace = {
    ...(await manifestIn(ROOT)).devDependencies,
    ...(await manifestIn(join(ROOT, 'test'))).dependencies,
  };
  const others = ['fastify', 'express', 'prom-client', '@opentelemetry/api', '@types/express', '@types/node'].map(
    (name) => [name, workspace[name]] as const,
  );
  await cp(new URL('./consumer', import.meta.url), consumer, { recursive: true });
  await writeJson('package.json', {
    name: 'consumer',
    private: true,
    type: 'module',
    dependencies: { ...dependencies, ...Object.fromEntries(others) },
    // One packed package depends on another by its version, which no registry has yet.
    overrides: Object.fromEntries(published.map(({ manifest }) => [manifest.name, `$${manifest.name}`])),
  });
  const installed = await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']);
  if (installed.code !== 0) throw new Error(`npm install failed:\n${installed.output}`);
}, 180_000);

afterAll(() => rm(consumer, { recursive: true, force: true }));

test('what is packed holds no link into the workspace', async () => {
  for (const { manifest } of published) {
    const { dependencies = {} } = await manifestIn(join(consumer, 'node_modules', manifest.name));
    expect(Object.values(dependencies).filter((range) => range.includes(':'))).toEqual([]);
  }
});

describe('types', () => {
  const common = {
    strict: true,
    noEmit: true,
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    types: ['node'],
  };

  test.each([
    {
      name: 'nodenext',
      options: { module: 'nodenext', moduleResolution: 'nodenext' },
      files: ['consumer.ts', 'consumer.cts'],
    },
    { name: 'bundler', options: { module: 'esnext', moduleResolution: 'bundler' }, files: ['consumer.ts'] },
  ])('compile strictly with $name, declarations included', { timeout: 60_000 }, async ({ name, options, files }) => {
    const config = `tsconfig.${name}.json`;
    await writeJson(config, { compilerOptions: { ...common, ...options, skipLibCheck: false }, files });
    expect(await run(process.execPath, [TSC, '-p', config])).toEqual({ code: 0, output: '' });
  });
});

describe.each(NODES)('%s', (nodePath) => {
  test.each(entries)('%s can be imported and required, and both are one module', { timeout: 60_000 }, async (entry) => {
    const script = `
      const required = require(process.argv[1]);
      import(process.argv[1]).then((imported) => {
        if (Object.keys(imported).length === 0) throw new Error('it exports nothing');
        for (const [name, value] of Object.entries(imported)) {
          if (name !== 'module.exports' && required[name] !== value) throw new Error(name + ' is not the same');
        }
        console.log('same');
      });`;
    const { code, output } = await run(nodePath, ['--input-type=commonjs', '-e', script, entry]);
    expect({ code, output: output.trim() }).toEqual({ code: 0, output: 'same' });
  });

  test.each(['express-server.mjs', 'express-server.cjs', 'fastify-server.mjs', 'fastify-server.cjs'])(
    '%s answers, drains on SIGTERM and exits with 0',
    { timeout: 60_000 },
    async (file) => {
      const app = await spawnApp(join(consumer, file), { nodePath, cwd: consumer });
      onTestFinished(() => app.kill());
      const client = await RawClient.connect(app.url);
      onTestFinished(() => client[Symbol.asyncDispose]());
      expect(await client.get('/').response()).toMatchObject({ status: 200, body: 'hello' });
      app.signal('SIGTERM');
      expect(await within('the app to exit', 10_000, app.exited)).toMatchObject({ code: 0, signal: null });
      expect(await client.closed).toBe('fin');
      expect(app.stdout).toContain('closed database');
      expect(app.stderr).toEqual([]);
    },
  );
});

async function publishedPackages(): Promise<{ readonly folder: string; readonly manifest: Manifest }[]> {
  const folders = (await readdir(join(ROOT, 'packages'))).map((name) => join(ROOT, 'packages', name));
  const present = folders.filter((folder) => existsSync(join(folder, 'package.json')));
  const all = await Promise.all(present.map(async (folder) => ({ folder, manifest: await manifestIn(folder) })));
  return all.filter(({ manifest }) => manifest.private !== true);
}

async function manifestIn(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** Packs one package into the consumer's folder; returns what a dependency on the tarball says. */
async function pack(folder: string, name: string): Promise<string> {
  const tarball = `${name.replace(/\W+/g, '-')}.tgz`;
  // A script of pnpm knows which pnpm runs it: a program of its own, or one for Node.
  const { npm_execpath: pnpm = '' } = process.env;
  const runner = /pnpm\.[cm]?js$/.test(pnpm) ? [process.execPath, pnpm] : [pnpm];
  const [program = '', ...args] = pnpm.includes('pnpm') ? runner : ['npx', '-y', 'pnpm@12'];
  const packed = await run(program, [...args, 'pack', '--out', join(consumer, tarball)], folder);
  if (packed.code !== 0) throw new Error(`packing ${name} failed:\n${packed.output}`);
  return `file:${tarball}`;
}

function writeJson(name: string, value: object): Promise<void> {
  return writeFile(join(consumer, name), JSON.stringify(value));
}

/** Runs a program to its end, for two minutes at most. */
async function run(program: string, args: readonly string[], cwd = consumer): Promise<Ran> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { cwd, timeout: 120_000 });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const {
      code,
      stdout = '',
      stderr = '',
      message,
    } = error as Error & { code?: unknown; stdout?: string; stderr?: string };
    return { code: typeof code === 'number' ? code : -1, output: `${message}\n${stdout}${stderr}` };
  }
}
