import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

/** Whether a Node binary runs TypeScript by itself, by path: each is asked once. */
const runsTypeScript = new Map<string, Promise<boolean>>();

/** What Node needs to run `file`: `--import tsx` for TypeScript where it does not strip types by itself. */
export async function execArgvFor(file: string, nodePath: string): Promise<readonly string[]> {
  if (!/\.[mc]?ts$/.test(file)) return [];
  let runs = runsTypeScript.get(nodePath);
  if (runs === undefined) runsTypeScript.set(nodePath, (runs = ask(nodePath)));
  return (await runs) ? [] : ['--import', tsxFor(file)];
}

async function ask(nodePath: string): Promise<boolean> {
  // Asked without the environment's own flags: what they preload may print, too.
  const env = { ...process.env, NODE_OPTIONS: '' };
  const { stdout } = await promisify(execFile)(nodePath, ['-p', 'Boolean(process.features.typescript)'], { env });
  return stdout.trim() === 'true';
}

/** tsx as `file` would find it: Node itself resolves `--import` from the working directory, which may be elsewhere. */
function tsxFor(file: string): string {
  try {
    return pathToFileURL(createRequire(file).resolve('tsx')).href;
  } catch {
    return 'tsx';
  }
}
