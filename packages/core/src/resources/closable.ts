import { DrainError } from '../drain-error.ts';

/** Something that can be closed: a function, or an object with `Symbol.asyncDispose` or `Symbol.dispose`. */
export type Closable = (() => unknown) | AsyncDisposable | Disposable;

/** How to close it. @throws DrainError `DRAIN_RESOURCE_INVALID` where there is no way to. */
export function closer(name: string, closable: Closable): () => unknown {
  if (typeof closable === 'function') return closable;
  if (typeof closable === 'object' && closable !== null) {
    if (Symbol.asyncDispose in closable && typeof closable[Symbol.asyncDispose] === 'function')
      return () => closable[Symbol.asyncDispose]();
    if (Symbol.dispose in closable && typeof closable[Symbol.dispose] === 'function')
      return () => closable[Symbol.dispose]();
  }
  throw new DrainError('DRAIN_RESOURCE_INVALID', `resource '${name}' has nothing to close it with`);
}
