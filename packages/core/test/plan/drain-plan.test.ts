import { fakeHost } from '@drainkit/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DrainError } from '../../src/drain-error.ts';
import { OPTION_ROWS, type DrainOptions } from '../../src/plan/drain-options.ts';
import { EXIT_MARGIN, SHORTEST_DEFAULT_DEADLINE } from '../../src/plan/budget.ts';
import { resolvePlan, show, type DrainPlan } from '../../src/plan/drain-plan.ts';

type Env = Record<string, string | undefined>;

const resolve = (options: DrainOptions = {}, env: Env = {}): DrainPlan => resolvePlan(options, env);

/** What JavaScript can pass, whatever the types say. */
const resolveUntyped = (options: unknown, env: Env = {}): DrainPlan => resolvePlan(options as DrainOptions, env);

/** The problems that the one error lists, a line each. */
function problemsOf(options: unknown, env: Env = {}): string[] {
  try {
    resolveUntyped(options, env);
  } catch (error) {
    if (!(error instanceof DrainError) || error.code !== 'DRAIN_OPTIONS_INVALID') throw error;
    return error.message.split('\n').flatMap((line) => (line.startsWith('  - ') ? [line.slice(4)] : []));
  }
  return [];
}

describe('defaults', () => {
  test('without options the plan is the documented one', () => {
    expect(resolve()).toEqual({
      enabled: true,
      window: 5_000,
      windowMin: 5_000,
      windowQuiet: 1_000,
      windowProbeFailures: 3,
      deadline: 19_000,
      forceGrace: 500,
      quietPeriod: 0,
      closeTimeout: 5_000,
      lastScrape: 0,
      gracePeriod: 30_000,
      stallTimeout: 2_000,
      signals: { SIGTERM: 'window', SIGINT: 'at-once' },
      faults: true,
      exit: true,
      readiness: 'at-signal',
      connectionClose: 'at-once',
      lateRequests: 'serve',
      refuseDuringWindow: false,
      retryAfter: 1_000,
      readyPath: '/ready',
      livePath: '/healthz',
      startupPath: '/startup',
      healthDetails: false,
      healthPort: false,
      healthHost: '*',
      report: false,
      silence: [],
      balancerIdleTimeout: 60_000,
    } satisfies DrainPlan);
  });

  test('a plan is frozen, and nobody’s options or environment are changed', () => {
    const options = Object.freeze({ window: '1s', health: Object.freeze({ ready: '/up' }) } as const);
    const plan = resolve(options, Object.freeze({ DRAIN_EXIT: 'false' }));
    expect(Object.isFrozen(plan)).toBe(true);
    expect(() => Object.assign(plan, { window: 9 })).toThrow(TypeError);
    expect(options).toEqual({ window: '1s', health: { ready: '/up' } });
  });

  test('its signals are frozen, too: they are shared with other plans', () => {
    expect(Object.isFrozen(resolve().signals)).toBe(true);
  });

  test('an option that is undefined is as good as absent', () => {
    const nothing = Object.fromEntries(
      ['window', 'deadline', 'signals', 'exit', 'health', 'logger', 'env', 'envPrefix', 'host'].map((name) => [
        name,
        undefined,
      ]),
    );
    expect(resolveUntyped(nothing)).toEqual(resolve());
    expect(resolveUntyped({ health: { ready: undefined } })).toEqual(resolve());
  });

  test.each([
    [{}, 19_000],
    [{ gracePeriod: '12s' }, 1_000],
    [{ window: 0 }, 24_000],
    [{ window: '1s', forceGrace: 0, closeTimeout: '1s', gracePeriod: '10s' }, 7_500],
  ] as const)('the deadline of %j is what the grace period leaves: %j ms', (options, deadline) => {
    expect(resolve(options).deadline).toBe(deadline);
  });

  test('a deadline of 0 is taken, not replaced', () => {
    expect(resolve({ deadline: 0 }).deadline).toBe(0);
  });

  test('refusing during the window means refusing late requests, too', () => {
    expect(resolve({ refuseDuringWindow: true }).lateRequests).toBe('refuse');
    expect(resolve({ refuseDuringWindow: false }).lateRequests).toBe('serve');
    expect(resolve({ lateRequests: 'refuse' })).toMatchObject({ lateRequests: 'refuse', refuseDuringWindow: false });
  });

  test('the plan has exactly the rows of the option table', () => {
    expect(Object.keys(resolve()).toSorted()).toEqual(Object.keys(OPTION_ROWS).toSorted());
  });
});

describe('values', () => {
  test('everything that can be said in code arrives in the plan', () => {
    const said: DrainOptions = {
      enabled: false,
      window: '1s',
      deadline: 2_000,
      forceGrace: '0.1s',
      quietPeriod: '1.5s',
      closeTimeout: '3s',
      lastScrape: '2s',
      gracePeriod: '1m',
      stallTimeout: 50,
      signals: { SIGHUP: 'window', SIGINT: false },
      faults: false,
      exit: false,
      readiness: 'never',
      connectionClose: 'ramp',
      lateRequests: 'refuse',
      refuseDuringWindow: true,
      retryAfter: '3s',
      health: { ready: '/r', live: false, startup: '/s', details: true, port: 9_090, host: '127.0.0.1' },
      report: '/var/log/drains',
      silence: ['node-env'],
      balancerIdleTimeout: '350s',
      logger: false,
      env: false,
      envPrefix: 'X_',
      host: fakeHost(),
    };
    expect(resolve(said)).toEqual({
      enabled: false,
      window: 1_000,
      windowMin: 1_000,
      windowQuiet: 1_000,
      windowProbeFailures: 3,
      deadline: 2_000,
      forceGrace: 100,
      quietPeriod: 1_500,
      closeTimeout: 3_000,
      lastScrape: 2_000,
      gracePeriod: 60_000,
      stallTimeout: 50,
      signals: { SIGTERM: 'window', SIGHUP: 'window' },
      faults: false,
      exit: false,
      readiness: 'never',
      connectionClose: 'ramp',
      lateRequests: 'refuse',
      refuseDuringWindow: true,
      retryAfter: 3_000,
      readyPath: '/r',
      livePath: false,
      startupPath: '/s',
      healthDetails: true,
      healthPort: 9_090,
      healthHost: '127.0.0.1',
      report: '/var/log/drains',
      silence: ['node-env'],
      balancerIdleTimeout: 350_000,
    } satisfies DrainPlan);
  });

  test('a window can be a range', () => {
    const window = { min: '1s', max: '10s', quiet: '0.5s', probeFailures: 2 } as const;
    expect(resolve({ window })).toMatchObject({
      window: 10_000,
      windowMin: 1_000,
      windowQuiet: 500,
      windowProbeFailures: 2,
      deadline: 14_000,
    });
  });

  test('the shortest window cannot be longer than the longest', () => {
    expect(problemsOf({ window: { min: '3s', max: '2s' } })).toHaveLength(1);
    expect(problemsOf({ window: { min: '2s', max: '2s' } })).toEqual([]);
  });

  test('health false is no health route at all', () => {
    expect(resolve({ health: false })).toMatchObject({ readyPath: false, livePath: false, startupPath: false });
  });

  test.each([
    ['enabled', 'yes', "'yes'", 'true or false'],
    ['window', '5 parsecs', "'5 parsecs'", "'5s'"],
    ['deadline', -1, '-1', 'milliseconds from 0'],
    ['forceGrace', null, 'null', 'milliseconds'],
    ['quietPeriod', 'a while', "'a while'", 'milliseconds'],
    ['closeTimeout', Number.NaN, 'NaN', 'milliseconds'],
    ['gracePeriod', Infinity, 'Infinity', 'to 2147483647'],
    ['stallTimeout', {}, '{}', 'milliseconds'],
    ['signals', { SIGKILL: 'window' }, '{"SIGKILL":"window"}', 'SIGTERM, SIGINT'],
    ['faults', 0, '0', 'true or false'],
    ['exit', 'false', "'false'", 'true or false'],
    ['readiness', 'later', "'later'", "'at-signal' or 'after-window' or 'never'"],
    ['lateRequests', true, 'true', "'serve' or 'refuse'"],
    ['refuseDuringWindow', 1, '1', 'true or false'],
    ['retryAfter', () => 1, 'a function', 'milliseconds'],
    ['health', true, 'true', 'false, or an object with ready, live, startup'],
    ['health', '/ready', "'/ready'", 'false, or an object'],
    ['health', null, 'null', 'false, or an object'],
    ['logger', console.log, 'a function', 'a logger with info, warn and error, or false'],
    ['logger', { info: () => {} }, '{}', 'a logger with info, warn and error, or false'],
    ['logger', true, 'true', 'a logger'],
    ['env', 'production', "'production'", 'process.env, or false'],
    ['env', null, 'null', 'process.env, or false'],
    ['envPrefix', '', "''", "letters, digits and '_'"],
    ['envPrefix', 'DRAIN-', "'DRAIN-'", "letters, digits and '_'"],
    ['envPrefix', 5, '5', "letters, digits and '_'"],
    ['host', 'localhost', "'localhost'", 'fakeHost()'],
    ['host', {}, '{}', 'fakeHost()'],
  ])('%s: %o is named, shown, and answered with what is allowed', (name, value, shown, allowed) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`${name} is ${shown}; allowed: `);
    expect(problems[0]).toContain(allowed);
  });

  test.each(['ready', 'live', 'startup'])('a bad path of health.%s is named as such', (name) => {
    const problems = problemsOf({ health: { [name]: 'no-slash' } });
    expect(problems).toEqual([expect.stringContaining(`health.${name} is 'no-slash'; allowed: an exact path`)]);
  });

  test.each([[null], [undefined], ['5s'], [5]])('options that are %j are a problem, not a crash', (options) => {
    expect(problemsOf(options)).toEqual([expect.stringContaining(`options is ${show(options)}; allowed: an object`)]);
  });

  test('a prefix that is no text is a problem, not a crash', () => {
    expect(problemsOf({ envPrefix: /DRAIN_/ }, { DRAIN_WINDOW: '1s' })).toContainEqual(
      expect.stringContaining('envPrefix is'),
    );
  });

  test('an environment whose values are no texts is a problem, not a crash', () => {
    expect(problemsOf({}, { DRAIN_WINDOW: 5 } as unknown as Env)).toHaveLength(1);
  });
});

describe('names', () => {
  test.each([
    ['windw', 'window'],
    ['gracePeriode', 'gracePeriod'],
    ['closetimeout', 'closeTimeout'],
    ['loger', 'logger'],
    ['helth', 'health'],
    ['signal', 'signals'],
  ])('%s is no option; %s was meant', (name, meant) => {
    expect(problemsOf({ [name]: 1 })).toEqual([`${name} is no option; did you mean ${meant}?`]);
  });

  test('a name that is near to nothing is named alone', () => {
    expect(problemsOf({ kubernetes: true })).toEqual(['kubernetes is no option']);
  });

  test('an unknown health route is named with the nearest', () => {
    expect(problemsOf({ health: { redy: '/r' } })).toEqual(['health.redy is no option; did you mean health.ready?']);
  });
});

describe('environment', () => {
  test('it wins over code', () => {
    expect(resolve({ window: '1s', exit: true }, { DRAIN_WINDOW: '2s', DRAIN_EXIT: 'false' })).toMatchObject({
      window: 2_000,
      exit: false,
    });
  });

  test('an empty variable leaves what code says', () => {
    expect(resolve({ window: '1s' }, { DRAIN_WINDOW: '' }).window).toBe(1_000);
  });

  test('envPrefix chooses the variables', () => {
    const env = { DRAIN_WINDOW: '2s', SHOP_WINDOW: '3s' };
    expect(resolve({ envPrefix: 'SHOP_' }, env).window).toBe(3_000);
    expect(resolve({}, env).window).toBe(2_000);
  });

  test('its window replaces that of the code as a whole, with what would end that early', () => {
    const window = { min: '1s', max: '10s', quiet: '500ms', probeFailures: 2 } as const;
    expect(resolve({ window }, { DRAIN_WINDOW: '0' })).toMatchObject({ window: 0, windowMin: 0 });
    expect(resolve({ window }, { DRAIN_WINDOW: '15s' })).toMatchObject({ window: 15_000, windowMin: 15_000 });
    expect(resolve({ window }, { DRAIN_WINDOW: '15s', DRAIN_WINDOW_MIN: '2s' })).toMatchObject({
      window: 15_000,
      windowMin: 2_000,
      windowQuiet: 1_000,
      windowProbeFailures: 3,
    });
    expect(resolve({ window }, { DRAIN_WINDOW_MIN: '2s' })).toMatchObject({ window: 10_000, windowMin: 2_000 });
  });

  test('a health path can be moved and taken away', () => {
    expect(resolve({}, { DRAIN_READY_PATH: '/up', DRAIN_LIVE_PATH: 'false' })).toMatchObject({
      readyPath: '/up',
      livePath: false,
    });
  });

  test('a budget that code and environment break together is one problem', () => {
    const problems = problemsOf({ gracePeriod: '10s' }, { DRAIN_DEADLINE: '8s' });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('more than gracePeriod (10000)');
  });
});

describe('all problems at once', () => {
  test('one error lists every problem of code and environment', () => {
    const problems = problemsOf(
      { windw: 1, deadline: 'soon', readiness: 'maybe', health: { ready: '/x', live: '/x' }, host: 5 },
      { DRAIN_EXIT: 'perhaps', DRAIN_DEADLIN: '1s' },
    );
    const starts = [
      'deadline is',
      'readiness is',
      'host is',
      'windw is no option',
      'DRAIN_EXIT is',
      'DRAIN_DEADLIN is no variable',
      "two health routes share the path '/x'",
    ];
    for (const start of starts) expect(problems).toContainEqual(expect.stringContaining(start));
    expect(problems).toHaveLength(starts.length);
  });

  test('a value that is not allowed does not make a second, false problem of the budget', () => {
    expect(problemsOf({ window: 'soon', gracePeriod: '6s' })).toEqual([expect.stringContaining('window is')]);
  });
});

describe('budgets', () => {
  test('what fits to the millisecond is allowed', () => {
    const options = { window: 1_000, deadline: 2_000, forceGrace: 300, closeTimeout: 400 };
    expect(resolve({ ...options, gracePeriod: 3_700 + EXIT_MARGIN }).gracePeriod).toBe(4_200);
    expect(problemsOf({ ...options, gracePeriod: 3_700 + EXIT_MARGIN - 1 })).toHaveLength(1);
  });

  test('the problem shows the sum, its parts, and how much is too much', () => {
    const [problem] = problemsOf({ window: '10s', deadline: '20s' });
    for (const part of ['window (10000)', 'deadline (20000)', 'forceGrace (500)', 'closeTimeout (5000)', '36000 ms']) {
      expect(problem).toContain(part);
    }
    expect(problem).toContain('more than gracePeriod (30000)');
    expect(problem).toContain('by 6000 ms');
  });

  test('pm2’s 1.6 seconds need shorter budgets, and then work', () => {
    expect(problemsOf({ gracePeriod: '1.6s' })).toHaveLength(1);
    const budgets = { gracePeriod: '1.6s', window: 0, forceGrace: 100, closeTimeout: 500 } as const;
    expect(problemsOf(budgets)).toHaveLength(1);
    expect(resolve({ ...budgets, deadline: 500 }).deadline).toBe(500);
  });

  test.each([
    [{ window: '24s' }, 'window (24000) + forceGrace (500) + closeTimeout (5000) + 500 to exit = 30000 ms', 0, 1_000],
    [
      { lastScrape: '15s', window: '9s' },
      'window (9000) + forceGrace (500) + closeTimeout (5000) + lastScrape (15000) + 500 to exit = 30000 ms',
      0,
      1_000,
    ],
    [
      { gracePeriod: '7s', window: '100ms' },
      'window (100) + forceGrace (500) + closeTimeout (5000) + 500 to exit = 6100 ms',
      900,
      100,
    ],
  ] as const)(
    'a deadline that nobody set is not less than a second: %j is a problem that shows the sum',
    (options, sum, left, missing) => {
      const gracePeriod = 'gracePeriod' in options ? 7_000 : 30_000;
      expect(problemsOf(options)).toEqual([
        `${sum}, which leaves a deadline of ${left} ms of gracePeriod (${gracePeriod}), less than 1000; shorten one of them ` +
          `by ${missing} ms in all, or raise gracePeriod together with the platform's own, or set the deadline that is meant`,
      ]);
      expect(resolve({ ...options, deadline: left }).deadline).toBe(left);
    },
  );

  test('whatever is accepted fits the grace period, and whatever does not fit is refused', () => {
    const ms = fc.integer({ min: 0, max: 40_000 });
    const budgets = fc.record(
      { window: ms, deadline: ms, forceGrace: ms, closeTimeout: ms, gracePeriod: ms },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(budgets, (options) => {
        const all = { window: 5_000, forceGrace: 500, closeTimeout: 5_000, gracePeriod: 30_000, ...options };
        const fixed = all.window + all.forceGrace + all.closeTimeout + EXIT_MARGIN;
        const fits = fixed + (options.deadline ?? SHORTEST_DEFAULT_DEADLINE) <= all.gracePeriod;
        expect(problemsOf(options)).toHaveLength(fits ? 0 : 1);
        const deadline = options.deadline ?? all.gracePeriod - fixed;
        expect(fits ? resolve(options).deadline : deadline).toBe(deadline);
      }),
    );
  });
});

describe('contradictions', () => {
  test('what is refused during the window cannot be served after it', () => {
    expect(problemsOf({ refuseDuringWindow: true, lateRequests: 'serve' })).toEqual([
      expect.stringContaining("refuseDuringWindow is true and lateRequests is 'serve'"),
    ]);
  });

  test('a quiet period that is not shorter than the deadline could never pass', () => {
    expect(problemsOf({ deadline: '1s', quietPeriod: '1s' })).toEqual([
      expect.stringContaining('quietPeriod (1000) is not shorter than the deadline (1000)'),
    ]);
    expect(problemsOf({ deadline: '1s', quietPeriod: 999 })).toEqual([]);
    expect(problemsOf({ deadline: 0, quietPeriod: 0 })).toEqual([]);
  });

  test('two health routes cannot share a path', () => {
    expect(problemsOf({ health: { ready: '/h', startup: '/h' } })).toEqual([
      expect.stringContaining("two health routes share the path '/h'"),
    ]);
    expect(problemsOf({ health: { ready: '/healthz' } })).toHaveLength(1);
  });

  test('two health routes that are both false share nothing', () => {
    expect(resolve({ health: { ready: false, live: false } })).toMatchObject({ readyPath: false, livePath: false });
  });
});

describe('options that nothing would come of', () => {
  test.each([
    [{ health: { host: '127.0.0.1' } }, "health.host is '127.0.0.1' and health.port is false"],
    [{ window: { quiet: '2s' } }, 'window.quiet is 2000 and the window (5000) does not end early'],
    [{ window: { probeFailures: 2, max: '9s' } }, 'window.probeFailures is 2 and the window (9000) does not end early'],
    [
      { window: { min: '1s', probeFailures: 2 }, readiness: 'never' },
      "window.probeFailures is 2 and readiness is 'never'",
    ],
    [
      { window: { min: '1s', probeFailures: 2 }, readiness: 'after-window' },
      "window.probeFailures is 2 and readiness is 'after-window'",
    ],
  ])('%j is a problem', (options, problem) => {
    expect(problemsOf(options)).toEqual([expect.stringContaining(problem)]);
  });

  test.each([
    { health: { host: '127.0.0.1', port: 9_090 } },
    { window: { min: '1s', quiet: '2s' } },
    { window: { min: '1s' }, readiness: 'never' },
    { window: { min: '1s', probeFailures: 0 }, readiness: 'never' },
  ])('%j is none', (options) => {
    expect(problemsOf(options)).toEqual([]);
  });
});

test('whatever JavaScript passes, the answer is a frozen, complete plan or a DrainError', () => {
  const names = [...Object.values(OPTION_ROWS).map(({ option }) => option), 'health', 'logger', 'windw'];
  const options = fc.dictionary(fc.constantFrom(...names), fc.anything());
  const env = fc.dictionary(fc.constantFrom('DRAIN_WINDOW', 'DRAIN_SIGNALS', 'DRAIN_X', 'HOME'), fc.string());
  fc.assert(
    fc.property(options, env, (said, variables) => {
      if (problemsOf(said, variables).length > 0) return;
      const plan = resolveUntyped(said, variables);
      expect(Object.isFrozen(plan)).toBe(true);
      expect(Object.entries(plan).filter(([, value]) => value === undefined)).toEqual([]);
    }),
  );
});

test.each([
  ['text', "'text'"],
  [5, '5'],
  [undefined, 'undefined'],
  [null, 'null'],
  [5n, '5'],
  [() => 1, 'a function'],
  [{ a: 1 }, '{"a":1}'],
  [[1], '[1]'],
  [{ a: 5n }, 'an object'],
  [{ toJSON: () => undefined }, 'an object'],
])('%o is shown as %s', (value, text) => {
  expect(show(value)).toBe(text);
});
