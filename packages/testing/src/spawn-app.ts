import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { resolve as resolvePath } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppProcess } from './app-process.ts';
import { execArgvFor } from './exec-argv.ts';
import { within } from './eventually.ts';
import { LISTENING, originIn, textOf } from './listening-address.ts';
import { SpawnedApp } from './spawned-app.ts';
import { TimedOutError } from './timed-out-error.ts';

export interface SpawnAppOptions {
  /** Environment variables, added to those of this process; `undefined` takes one away. @default {} */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Arguments for the app. @default [] */
  readonly args?: readonly string[];
  /**
   * Arguments for Node.
   *
   * @default [], or `--import tsx` for a TypeScript file on a Node that does not strip types by itself (Node 20)
   */
  readonly execArgv?: readonly string[];
  /** The Node binary. @default that of this process */
  readonly nodePath?: string;
  /** Its working directory. @default that of this process */
  readonly cwd?: string;
  /**
   * What a line says once the app is ready; matched against `msg` where a line is JSON. The address is the first URL
   * with a port in it, or the pattern's first group, if that is a port. It may tell none, if the app listens nowhere.
   *
   * @default `listening on` or `listening at`, and a URL
   */
  readonly readyPattern?: RegExp;
  /** How long it may take to be ready, in milliseconds. @default 30000 */
  readonly startTimeout?: number;
  /**
   * Open an IPC channel, as pm2 and `fork` do. A message `{ port }` from the app then says that it is ready, too.
   *
   * @default false
   */
  readonly ipc?: boolean;
}

/**
 * Runs an app in a Node process of its own, and resolves when it is ready: when it has printed a line such as
 * `listening on http://localhost:3000`, plain or as the `msg` of a JSON line (as Fastify does), or sent a message
 * `{ port }` over IPC. The process is killed when the app is disposed, and when this process exits.
 *
 * @param file The app: a path, from the working directory of this process, or a `file:` URL.
 * @throws {TimedOutError} when it is not ready in time; its `cause` shows the output, the process is killed.
 * @throws {Error} when it ends before it is ready; the message shows the output.
 */
export async function spawnApp(file: string | URL, options: SpawnAppOptions = {}): Promise<SpawnedApp> {
  const {
    args = [],
    nodePath = process.execPath,
    readyPattern = LISTENING,
    startTimeout = 30_000,
    ipc = false,
  } = options;
  const path = typeof file === 'string' && !file.startsWith('file:') ? resolvePath(file) : fileURLToPath(file);
  const execArgv = options.execArgv ?? (await execArgvFor(path, nodePath));
  const child = spawn(nodePath, [...execArgv, path, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ipc ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
  });
  const app = new AppProcess(child);
  const line = app.output.find((printed) => textOf(printed).search(readyPattern) >= 0);
  const origin = Promise.race([
    line.line.then((printed) => addressIn(textOf(printed), readyPattern)),
    portMessage(child),
    app.endsBefore('it was ready'),
  ]);
  try {
    return new SpawnedApp(app, await within('the app to be ready', startTimeout, origin));
  } catch (error) {
    await app.kill().catch(() => {});
    if (!(error instanceof TimedOutError)) throw error;
    const cause = new Error(`it printed:\n${app.output.text}`);
    throw new TimedOutError('the app to be ready', startTimeout, { cause });
  } finally {
    line.cancel();
  }
}

/** The address in a line that matches; the port may be all it says. */
function addressIn(text: string, pattern: RegExp): string | undefined {
  const port = new RegExp(pattern, pattern.flags.replace(/[gy]/g, '')).exec(text)?.[1];
  return originIn(text) ?? (/^\d+$/.test(port ?? '') ? `http://127.0.0.1:${port}` : undefined);
}

function portMessage(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.on('message', (message) => {
      const port = (message as { readonly port?: unknown } | null)?.port;
      if (typeof port === 'number') resolve(`http://127.0.0.1:${port}`);
    });
  });
}
