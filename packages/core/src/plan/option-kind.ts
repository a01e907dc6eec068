import { DURATION_FORM, parseDuration } from './duration.ts';

/** How one kind of option is read: from code, and from the text of an environment variable. */
export interface OptionKind<Value> {
  /** What is allowed, for error messages. */
  readonly form: string;
  /** The value, or `undefined` when it is not allowed. */
  parse(value: unknown): Value | undefined;
  /** The value of an environment variable's text, or `undefined` when it is not allowed. */
  parseText(text: string): Value | undefined;
}

/** What begins a drain with the window (`'window'`), or without (`'at-once'`). */
export type SignalMode = 'window' | 'at-once';

export type SignalName = (typeof SIGNALS)[number];

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGBREAK', 'SIGUSR2'] as const;

export const duration: OptionKind<number> = {
  form: DURATION_FORM,
  parse: parseDuration,
  parseText: parseDuration,
};

/** A whole number from 0. */
export const count: OptionKind<number> = {
  form: 'a whole number from 0',
  parse: (value) => (Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined),
  parseText: (text) => (/^\d+$/.test(text) ? count.parse(Number(text)) : undefined),
};

export const toggle: OptionKind<boolean> = {
  form: 'true or false',
  parse: (value) => (typeof value === 'boolean' ? value : undefined),
  parseText: (text) => TOGGLE_WORDS.get(text.toLowerCase()),
};

const TOGGLE_WORDS: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'yes', 'on'].map((word): [string, boolean] => [word, true]),
  ...['false', '0', 'no', 'off'].map((word): [string, boolean] => [word, false]),
]);

export function choice<const Choice extends string>(choices: readonly Choice[]): OptionKind<Choice> {
  const parse = (value: unknown): Choice | undefined => choices.find((allowed) => allowed === value);
  return { form: choices.map((allowed) => `'${allowed}'`).join(' or '), parse, parseText: parse };
}

/** An exact path, or `false` for no route at all. */
export const path: OptionKind<string | false> = {
  form: "an exact path that starts with '/', without '?' or '#', or false",
  parse: (value) => (value === false || (typeof value === 'string' && /^\/[^?#\s]*$/.test(value)) ? value : undefined),
  parseText: (text) => path.parse(text === 'false' ? false : text),
};

/** A port to listen on (0: any that is free), or `false` for none. */
export const port: OptionKind<number | false> = {
  form: 'a port from 0 to 65535, or false',
  parse: (value) => {
    if (value === false) return value;
    const number = count.parse(value);
    return number !== undefined && number <= 65_535 ? number : undefined;
  },
  parseText: (text) => port.parse(text === 'false' ? false : count.parseText(text)),
};

/** An address to listen on; `*` for every one. */
export const address: OptionKind<string> = {
  form: "an address or host name such as '127.0.0.1', or '*' for every address",
  parse: (value) => (typeof value === 'string' && /^(?:\*|[\w.:%-]+)$/.test(value) ? value : undefined),
  parseText: (text) => address.parse(text),
};

/** Where a report goes: `'stdout'`, or a file, whose path has a slash so that a misspelt word is none; `false` for nowhere. */
export const reportTarget: OptionKind<string | false> = {
  form: "'stdout', the path of a file with a slash in it, and not at its end, such as './drains.jsonl', or false",
  parse: (value) =>
    value === false || (typeof value === 'string' && /^stdout$|[/\\](?!\.{1,2}$)[^/\\]+$/.test(value))
      ? value
      : undefined,
  parseText: (text) => reportTarget.parse(text === 'false' ? false : text),
};

/** Some of a closed set, or `'all'` of it; `false` for none. */
export function someOf<const Choice extends string>(choices: readonly Choice[]): OptionKind<readonly Choice[]> {
  const isChoice = (value: unknown): value is Choice => choices.some((allowed) => allowed === value);
  return {
    form: `false, 'all', or some of ${choices.join(', ')}`,
    parse(value) {
      if (value === false) return Object.freeze([]);
      if (value === 'all') return choices;
      return Array.isArray(value) && value.every(isChoice) ? Object.freeze([...value]) : undefined;
    },
    parseText(text) {
      if (text === 'false') return Object.freeze([]);
      const names = text.split(',').map((name) => name.trim());
      return text === 'all' ? choices : names.every(isChoice) ? Object.freeze(names) : undefined;
    },
  };
}

/** Which signals begin a drain, and how. */
export type SignalModes = Readonly<Partial<Record<SignalName, SignalMode>>>;

/** SIGTERM comes from a platform, which routes on for a while; SIGINT from a person at a terminal, who waits. */
export const DEFAULT_SIGNALS: SignalModes = Object.freeze({ SIGTERM: 'window', SIGINT: 'at-once' });

export const signals: OptionKind<SignalModes> = {
  form:
    `false, or an object such as { SIGTERM: 'window', SIGINT: 'at-once', SIGHUP: false } ` +
    `(in the environment: 'SIGTERM:window,SIGINT:at-once' or 'false'), each once, with signals of ${SIGNALS.join(', ')}`,
  parse(value) {
    if (value === false) return Object.freeze({});
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return readSignals({ ...DEFAULT_SIGNALS, ...value });
  },
  parseText(text) {
    if (text === 'false') return Object.freeze({});
    const entries = text.split(',').map((entry): [string, unknown] => {
      const [name = '', ...mode] = entry.trim().split(':');
      return [name, mode.length === 0 ? (DEFAULT_SIGNALS[name as SignalName] ?? 'window') : mode.join(':')];
    });
    const said = new Map(entries);
    return said.size === entries.length ? readSignals(Object.fromEntries(said)) : undefined;
  },
};

function readSignals(value: object): SignalModes | undefined {
  const modes: Partial<Record<SignalName, SignalMode>> = {};
  for (const [name, mode] of Object.entries(value)) {
    const signal = SIGNALS.find((known) => known === name);
    if (signal === undefined) return undefined;
    if (mode === false || mode === undefined) continue;
    if (mode !== 'window' && mode !== 'at-once') return undefined;
    modes[signal] = mode;
  }
  return Object.freeze(modes);
}
