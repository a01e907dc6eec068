import type { Application, Request } from 'express';

/** What Express keeps of a middleware or a route; a router that is mounted as middleware has a stack of its own. */
interface Layer {
  readonly route?: object;
  readonly handle?: { readonly stack?: readonly Layer[] };
  /** What it was mounted under, in Express 5. */
  readonly rawPath?: unknown;
  /** What that has become, in Express 4, and the parameters in it. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean };
  readonly keys?: readonly { readonly name: string | number }[];
}

/** The application; its router has this name in Express 4, where `router` throws. */
type RoutedApp = Application & {
  readonly _router?: { readonly stack: readonly Layer[] };
  readonly router: { readonly stack: readonly Layer[] };
};

/** A request for which a route was found. */
export type RoutedRequest = Pick<Request, 'app' | 'route'> & Partial<Pick<Request, 'baseUrl'>>;

/** Stands for what a router is mounted under where that is not known. */
const UNKNOWN = '…';

/**
 * The pattern under which the router is mounted that has a request's route: `/reset/:token`. `baseUrl` is what the client has
 * sent in its place, and may be a secret: nothing of it is shown that does not stand in a pattern.
 */
export function mountPattern({ app, route, baseUrl }: RoutedRequest): string {
  // Other frameworks have routes, too, and no base.
  if (baseUrl === undefined || baseUrl === '') return '';
  // A router can be used without an app.
  const routed = app as RoutedApp | undefined;
  if (routed === undefined) return UNKNOWN;
  const { stack } = routed._router ?? routed.router;
  const outside = routed.path();
  for (const inside of mounts(stack, route as object)) {
    if (fits(outside + inside, baseUrl)) return outside + inside;
  }
  return UNKNOWN;
}

/** Where a router that has the route is mounted: in more than one place, perhaps. */
function* mounts(stack: readonly Layer[], route: object, around: readonly object[] = []): Generator<string> {
  for (const layer of stack) {
    if (layer.route === route) yield '';
    const inner = layer.handle?.stack;
    // One that is mounted in itself has no end.
    if (layer.route !== undefined || inner === undefined || inner === stack || around.includes(inner)) continue;
    for (const inside of mounts(inner, route, [...around, stack])) yield patternOf(layer) + inside;
  }
}

/** Whether the pattern is that of a path: segment by segment it is the same, or has a parameter. */
function fits(pattern: string, path: string): boolean {
  const segments = path.split('/');
  const wanted = pattern.split('/');
  return (
    segments.length === wanted.length &&
    wanted.every((text, at) => text.includes(':') || text.toLowerCase() === segments[at]?.toLowerCase())
  );
}

function patternOf({ rawPath, regexp, keys = [] }: Layer): string {
  if (typeof rawPath === 'string') return rawPath.replace(/\/+$/, '');
  if (regexp === undefined) return UNKNOWN;
  if (regexp.fast_slash === true) return '';
  const names = keys.map(({ name }) => `:${name}`);
  const source = regexp.source
    .replace(/^\^/, '')
    .replace(/\\\/\?\(\?=\\\/\|\$\)$/, '')
    .replace(/\(\?:(\\\/)?\(\[\^\\?\/\]\+\?\)\)/g, (_, slash: string = '') => slash + (names.shift() ?? UNKNOWN));
  // Whatever else a regular expression can say is left unsaid.
  const isPlain = names.length === 0 && /^(?:\\[^\w]|[^\\^$.*+?()[\]{}|])*$/.test(source);
  return isPlain ? source.replace(/\\/g, '') : UNKNOWN;
}
