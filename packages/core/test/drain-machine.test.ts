import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  SERVING,
  transition,
  type DrainEffect,
  type DrainInput,
  type DrainState,
  type DrainTimer,
} from '../src/drain-machine.ts';
import { EXIT_MARGIN, resolvePlan, type DrainPlan } from '../src/plan/drain-plan.ts';
import { hasReached, type Phase } from '../src/phase.ts';
import {
  abortTrigger,
  callTrigger,
  closeTrigger,
  faultTrigger,
  messageTrigger,
  signalTrigger,
} from '../src/trigger.ts';

const PLAN = resolvePlan({}, {});

const sigterm: DrainInput = { type: 'trigger', trigger: signalTrigger('SIGTERM', 15, true), reachable: true };
const sigint: DrainInput = { type: 'trigger', trigger: signalTrigger('SIGINT', 2, false), reachable: true };
const call: DrainInput = { type: 'trigger', trigger: callTrigger('deploy'), reachable: true };
const close: DrainInput = { type: 'trigger', trigger: closeTrigger('app.close()'), reachable: true };
const message: DrainInput = { type: 'trigger', trigger: messageTrigger, reachable: true };
const fault: DrainInput = {
  type: 'trigger',
  trigger: faultTrigger({ kind: 'uncaughtException', error: new Error('x') }),
  reachable: true,
};
const abort: DrainInput = { type: 'abort', trigger: abortTrigger('disk full'), code: 70 };
const drained: DrainInput = { type: 'drained' };
const closed: DrainInput = { type: 'closed' };
const fired = (timer: DrainTimer): DrainInput => ({ type: 'timer', timer });

/** The state after `inputs`, and what the last of them asked for. */
function after(inputs: readonly DrainInput[], plan: DrainPlan = PLAN): { state: DrainState; effects: string[] } {
  let state = SERVING;
  let effects: readonly DrainEffect[] = [];
  for (const input of inputs) [state, effects] = transition(plan, state, input);
  return { state, effects: effects.map(text) };
}

function text(effect: DrainEffect): string {
  if (effect.type === 'arm') return `arm ${effect.timer} ${effect.ms}`;
  if (effect.type === 'disarm') return `disarm ${effect.timer}`;
  if (effect.type === 'exit') return `exit ${effect.code}`;
  return effect.type === 'enter' ? `${effect.previous} -> ${effect.phase}` : effect.type;
}

const DISARM_ALL = ['window', 'deadline', 'force-grace', 'grace-period'].map((timer) => `disarm ${timer}`);

describe('serving', () => {
  test.each([
    ['a signal', sigterm],
    ['start()', call],
  ])('%s announces, and arms the window within the grace period', (_, input) => {
    const { state, effects } = after([input]);
    expect(state.phase).toBe('announcing');
    expect(effects).toEqual([
      'begin',
      'arm grace-period 29500',
      'serving -> announcing',
      'announce',
      'arm window 5000',
    ]);
  });

  test.each([
    ['a signal at once', sigint],
    ['a close by hand', close],
    ['a message', message],
    ['a fault', fault],
    ['a signal that nobody could be told of', { ...sigterm, reachable: false }],
  ])('%s announces and refuses in one step', (_, input) => {
    const { state, effects } = after([input]);
    expect(state.phase).toBe('draining');
    expect(effects).toEqual([
      'begin',
      'arm grace-period 29500',
      'serving -> announcing',
      'announce',
      'announcing -> draining',
      'arm deadline 19000',
      'refuse',
    ]);
  });

  test('a window of 0 is none', () => {
    const plan = resolvePlan({ window: 0 }, {});
    expect(after([sigterm], plan).state.phase).toBe('draining');
    expect(after([sigterm], plan).effects).not.toContainEqual(expect.stringContaining('arm window'));
  });

  test('timers, drained and closed mean nothing', () => {
    for (const timer of ['window', 'deadline', 'force-grace', 'grace-period'] as const) {
      expect(transition(PLAN, SERVING, fired(timer))).toEqual([SERVING, []]);
    }
    expect(transition(PLAN, SERVING, drained)).toEqual([SERVING, []]);
    expect(transition(PLAN, SERVING, closed)).toEqual([SERVING, []]);
  });
});

describe('announcing', () => {
  test('the end of the window refuses', () => {
    const { state, effects } = after([sigterm, fired('window')]);
    expect(state.phase).toBe('draining');
    expect(effects).toEqual(['announcing -> draining', 'arm deadline 19000', 'refuse']);
  });

  test('a fault is remembered, and the window goes on', () => {
    expect(after([call, fault])).toMatchObject({ state: { phase: 'announcing', faulted: true }, effects: [] });
  });

  test.each([
    ['a close by hand', close],
    ['a message', message],
    ['the first signal, of those at once', sigint],
  ])('%s ends the window', (_, input) => {
    const { state, effects } = after([call, input]);
    expect(state.phase).toBe('draining');
    expect(effects).toEqual(['disarm window', 'announcing -> draining', 'arm deadline 19000', 'refuse']);
  });

  test('a trigger that has the window, too, changes nothing', () => {
    expect(after([sigterm, call]).effects).toEqual([]);
    expect(after([call, sigterm])).toMatchObject({ state: { phase: 'announcing', signalled: true }, effects: [] });
  });

  test('a window that may end early listens for quiet, and ends with it', () => {
    const plan = resolvePlan({ window: { min: '1s', max: '5s' } }, {});
    const quiet: DrainInput = { type: 'quiet' };
    expect(after([sigterm], plan).effects).toContain('listen');
    expect(after([sigterm]).effects).not.toContain('listen');
    const { state } = after([sigterm, quiet], plan);
    expect(state).toMatchObject({ phase: 'draining', windowEnd: 'quiet' });
    expect(after([sigterm, quiet], plan).effects).toContain('disarm window');
    for (const inputs of [[quiet], [sigint, quiet], [sigint, drained, quiet]]) {
      expect(after(inputs, plan).effects).toEqual([]);
    }
  });

  test.each([
    ['elapsed', [sigterm, fired('window')]],
    ['cut-short', [sigterm, message]],
    ['skipped', [sigint]],
  ] as const)('it is remembered that the window was %s', (windowEnd, inputs) => {
    expect(after(inputs).state.windowEnd).toBe(windowEnd);
  });

  test('being idle does not end the window: the balancer has not noticed yet', () => {
    expect(after([sigterm, drained])).toMatchObject({ state: { phase: 'announcing' }, effects: [] });
  });
});

describe('draining', () => {
  test('nothing in flight closes at once', () => {
    const { state, effects } = after([sigint, drained]);
    expect(state.phase).toBe('closing');
    expect(effects).toEqual(['disarm deadline', 'draining -> closing', 'close']);
  });

  test('the deadline forces, and gives a grace', () => {
    const { state, effects } = after([sigint, fired('deadline')]);
    expect(state).toMatchObject({ phase: 'draining', timedOut: true });
    expect(effects).toEqual(['force', 'arm force-grace 500']);
  });

  test('work that ends within the grace is not aborted', () => {
    const { state, effects } = after([sigint, fired('deadline'), drained]);
    expect(state).toMatchObject({ phase: 'closing', timedOut: true, forced: false });
    expect(effects).toEqual(['disarm force-grace', 'draining -> closing', 'close']);
  });

  test('the end of the grace aborts what is left, then closes', () => {
    const { state, effects } = after([sigint, fired('deadline'), fired('force-grace')]);
    expect(state).toMatchObject({ phase: 'closing', timedOut: true, forced: false });
    expect(effects).toEqual(['abort', 'disarm force-grace', 'draining -> closing', 'close']);
  });

  test('the deadline counts once, and the grace only after it', () => {
    expect(after([sigint, fired('deadline'), fired('deadline')]).effects).toEqual([]);
    expect(after([sigint, fired('force-grace')]).effects).toEqual([]);
    expect(after([sigint, fired('window')]).effects).toEqual([]);
  });

  test('triggers that come now do not begin again', () => {
    for (const input of [call, close, message, fault]) expect(after([sigint, input]).effects).toEqual([]);
  });
});

describe('closing', () => {
  test('everything closed is the end', () => {
    const { state, effects } = after([sigint, drained, closed]);
    expect(state).toMatchObject({ phase: 'closed', forced: false, exitCode: undefined });
    expect(effects).toEqual([...DISARM_ALL, 'closing -> closed', 'finish', 'leave']);
  });

  test('one that was closed by hand lets the process live', () => {
    expect(after([close, drained, closed]).effects.at(-1)).toBe('finish');
  });

  test('being drained once more changes nothing', () => {
    expect(after([sigint, drained, drained]).effects).toEqual([]);
  });

  test('deadline timers that were on their way change nothing', () => {
    for (const timer of ['window', 'deadline', 'force-grace'] as const) {
      expect(after([sigint, drained, fired(timer)]).effects).toEqual([]);
    }
  });
});

describe('closed', () => {
  const over = [sigint, drained, closed];

  test('nothing asks for anything any more', () => {
    for (const input of [call, close, message, fault, drained, closed, fired('grace-period')]) {
      const { state, effects } = after([...over, input]);
      expect([state.phase, state.exitCode, effects]).toEqual(['closed', undefined, []]);
    }
  });

  test('a second signal ends the process at once, whatever it is that is flushed', () => {
    expect(after([...over, sigterm]).effects).toEqual(['exit 143']);
    expect(after([...over, sigterm, sigint]).effects).toEqual([]);
  });

  test('where a call began the drain, the first signal is not the second', () => {
    const called = [call, fired('window'), drained, closed];
    expect(after([...called, sigterm]).effects).toEqual([]);
    expect(after([...called, sigterm, sigint]).effects).toEqual(['exit 130']);
  });

  test('a process that was closed by hand is not ended by signals: they are its own again', () => {
    expect(after([close, drained, closed, sigterm, sigterm]).effects).toEqual([]);
  });

  test.each([
    ['is being left', over],
    ['was closed by hand', [close, drained, closed]],
  ])('abort ends a process that %s, once', (_, inputs) => {
    expect(after([...inputs, abort]).effects).toEqual(['exit 70']);
    expect(after([...inputs, abort, abort]).effects).toEqual([]);
    expect(after([...inputs, abort, sigterm, sigterm]).effects).toEqual([]);
  });
});

describe('the grace period', () => {
  test.each([
    ['announcing', [sigterm]],
    ['draining', [sigint]],
    ['closing', [sigint, drained]],
  ] as const)('its end in %s aborts and finishes, by force', (phase, inputs) => {
    expect(after(inputs).state.phase).toBe(phase);
    const { state, effects } = after([...inputs, fired('grace-period')]);
    expect(state).toMatchObject({ phase: 'closed', forced: true, exitCode: undefined });
    expect(effects).toEqual(['abort', ...DISARM_ALL, `${phase} -> closed`, 'finish', 'leave']);
  });

  test('one that is shorter than the exit margin ends at once', () => {
    const plan = { ...PLAN, gracePeriod: 100 };
    expect(after([sigterm], plan).effects).toContain('arm grace-period 0');
  });
});

describe('a second signal', () => {
  test.each([
    ['announcing', [sigterm]],
    ['draining', [sigint]],
    ['closing', [sigint, drained]],
  ] as const)('in %s it ends the process with 128 and its own number', (phase, inputs) => {
    const { state, effects } = after([...inputs, sigint]);
    expect(state).toMatchObject({ phase: 'closed', forced: true, exitCode: 130 });
    expect(effects.slice(-3)).toEqual([`${phase} -> closed`, 'finish', 'exit 130']);
    expect(after([...inputs, sigterm]).state.exitCode).toBe(143);
  });

  test('in the window it cuts that short', () => {
    expect(after([sigterm, sigint]).state.windowEnd).toBe('cut-short');
    expect(after([sigint, sigint]).state.windowEnd).toBe('skipped');
  });

  test('the first signal of a drain that a call began is not the second', () => {
    expect(after([call, sigterm]).state).toMatchObject({ phase: 'announcing', exitCode: undefined });
    expect(after([call, sigterm, sigterm]).state).toMatchObject({ phase: 'closed', exitCode: 143 });
  });

  test('calls, faults and messages are no second signal', () => {
    expect(after([sigterm, call, fault, message, close]).state).toMatchObject({
      phase: 'draining',
      exitCode: undefined,
    });
  });
});

describe('abort', () => {
  test.each([
    ['serving', []],
    ['announcing', [sigterm]],
    ['draining', [sigint]],
    ['closing', [sigint, drained]],
  ] as const)('in %s it ends the process with the code that it was given', (phase, inputs) => {
    const { state, effects } = after([...inputs, abort]);
    expect(state).toMatchObject({ phase: 'closed', forced: true, exits: true, exitCode: 70 });
    expect(effects.slice(-3)).toEqual([`${phase} -> closed`, 'finish', 'exit 70']);
  });

  test('it is the trigger only where there was none', () => {
    expect(after([abort]).state.trigger?.reason).toBe('abort: disk full');
    expect(after([sigterm, abort]).state.trigger?.reason).toBe('SIGTERM');
  });
});

describe('what is remembered', () => {
  test('the first trigger is the trigger', () => {
    expect(after([call, sigterm, fault]).state.trigger?.reason).toBe('deploy');
  });

  test('a process that was closed by hand ends after all when a signal comes', () => {
    expect(after([close]).state.exits).toBe(false);
    expect(after([close, sigterm]).state.exits).toBe(true);
    expect(after([sigterm, close]).state.exits).toBe(true);
  });

  test('a fault is remembered, whether it came first or later', () => {
    expect(after([fault]).state.faulted).toBe(true);
    expect(after([sigint, drained, fault]).state.faulted).toBe(true);
    expect(after([sigint, drained]).state.faulted).toBe(false);
  });

  test('the initial state cannot be changed', () => {
    expect(Object.isFrozen(SERVING)).toBe(true);
  });
});

const INPUTS = [
  sigterm,
  sigint,
  { ...sigterm, reachable: false },
  call,
  close,
  message,
  fault,
  abort,
  drained,
  closed,
  { type: 'quiet' },
  fired('window'),
  fired('deadline'),
  fired('force-grace'),
  fired('grace-period'),
] as const;

const ms = fc.integer({ min: 0, max: 60_000 });
/** Any plan, also one that `resolvePlan` would refuse: the machine keeps its promises all the same. */
const anyPlan = fc
  .record({ window: ms, deadline: ms, forceGrace: ms, closeTimeout: ms, gracePeriod: ms })
  .map((budgets): DrainPlan => Object.assign({}, PLAN, budgets));
const anyInput = fc.constantFrom<DrainInput>(...INPUTS);

describe('whatever happens, in whatever order', () => {
  interface Step {
    readonly before: DrainState;
    readonly input: DrainInput;
    readonly state: DrainState;
    readonly effects: readonly DrainEffect[];
  }

  const anyRun = fc.tuple(anyPlan, fc.array(anyInput, { maxLength: 20 })).map(([plan, inputs]): Step[] => {
    let before = SERVING;
    return inputs.map((input) => {
      const [state, effects] = transition(plan, before, input);
      const step = { before, input, state, effects };
      before = state;
      return step;
    });
  });

  const effectsOf = (run: readonly Step[]): DrainEffect[] => run.flatMap(({ effects }) => effects);
  const count = (run: readonly Step[], type: DrainEffect['type']): number =>
    effectsOf(run).filter((effect) => effect.type === type).length;

  test('no phase is left for an earlier one, and each change of phase is told, in one chain', () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        let phase: Phase = 'serving';
        for (const { state, effects } of run) {
          for (const effect of effects) {
            if (effect.type !== 'enter') continue;
            expect(effect.previous).toBe(phase);
            expect(hasReached(phase, effect.phase)).toBe(false);
            phase = effect.phase;
          }
          expect(state.phase).toBe(phase);
        }
      }),
    );
  });

  test('each timer is armed once at most', () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        const armed = effectsOf(run).flatMap((effect) => (effect.type === 'arm' ? [effect.timer] : []));
        expect(new Set(armed).size).toBe(armed.length);
      }),
    );
  });

  test('announce, refuse, force and close happen once at most, in this order', () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        const order = ['announce', 'refuse', 'force', 'close', 'finish'];
        const seen = effectsOf(run).flatMap(({ type }) => (order.includes(type) ? [order.indexOf(type)] : []));
        expect(seen).toEqual([...new Set(seen)].toSorted((a, b) => a - b));
      }),
    );
  });

  test('begin comes once, as the very first effect', () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        const begun = run.at(-1)?.state.trigger !== undefined;
        expect([count(run, 'begin'), effectsOf(run)[0]?.type]).toEqual(begun ? [1, 'begin'] : [0, undefined]);
      }),
    );
  });

  test('finish comes exactly once, in the step that closes; after it, only the end of the process', () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        expect(count(run, 'finish')).toBe(run.at(-1)?.state.phase === 'closed' ? 1 : 0);
        for (const { before, state, effects } of run) {
          const closes = before.phase !== 'closed' && state.phase === 'closed';
          const last = effects.map(({ type }) => type).filter((type) => type !== 'leave' && type !== 'exit');
          expect(last.at(-1) === 'finish').toBe(closes);
          const ends = before.phase === 'closed' && before.exitCode !== state.exitCode;
          expect(effects.length - last.length).toBe((closes && state.exits) || ends ? 1 : 0);
        }
        expect(count(run, 'exit')).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('no timer is left armed when it is over', () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        const armed = new Set<DrainTimer>();
        for (const effect of effectsOf(run)) {
          if (effect.type === 'arm') armed.add(effect.timer);
          if (effect.type === 'disarm') armed.delete(effect.timer);
        }
        const isOver = run.at(-1)?.state.phase === 'closed';
        expect(isOver ? [...armed] : []).toEqual([]);
      }),
    );
  });

  test('a second signal always ends it with 128 and its number', () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        for (const { before, input, state } of run) {
          if (input.type !== 'trigger' || input.trigger.signalNumber === undefined) continue;
          if (!before.signalled || before.exitCode !== undefined) continue;
          if (before.phase === 'closed' && !before.exits) continue;
          expect(state).toMatchObject({ phase: 'closed', exits: true, exitCode: 128 + input.trigger.signalNumber });
          expect(state.forced || before.phase === 'closed').toBe(true);
        }
      }),
    );
  });

  test('what is remembered is never forgotten, and the first trigger stays', () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        for (const { before, state } of run) {
          const flags = ['signalled', 'exits', 'timedOut', 'forced', 'faulted'] as const;
          expect(flags.filter((flag) => before[flag] && !state[flag])).toEqual([]);
          expect(state.trigger).toBe(before.trigger ?? state.trigger);
        }
      }),
    );
  });

  test('the state before and the plan are left as they were', () => {
    fc.assert(
      fc.property(anyPlan, fc.array(anyInput, { maxLength: 12 }), (plan, inputs) => {
        const planned = structuredClone(plan);
        let state = SERVING;
        for (const input of inputs) {
          const before = structuredClone({ state, input });
          const [next] = transition(plan, state, input);
          expect({ state, input }).toEqual(before);
          state = next;
        }
        expect(plan).toEqual(planned);
      }),
    );
  });

  test('once triggered, firing the timers as they fall due closes it before the grace period ends', () => {
    const between = fc.array(
      fc.array(fc.constantFrom(call, close, message, fault, drained, { ...sigterm, reachable: false }), {
        maxLength: 2,
      }),
      {
        maxLength: 5,
      },
    );
    fc.assert(
      fc.property(
        anyPlan,
        fc.constantFrom<DrainInput>(sigterm, sigint, call, close, message, fault),
        between,
        (plan, first, others) => {
          const armed = new Map<DrainTimer, number>();
          let now = 0;
          let state = SERVING;
          const feed = (input: DrainInput): void => {
            const [next, effects] = transition(plan, state, input);
            state = next;
            for (const effect of effects) {
              if (effect.type === 'arm') armed.set(effect.timer, now + effect.ms);
              if (effect.type === 'disarm') armed.delete(effect.timer);
            }
          };
          feed(first);
          for (let turn = 0; state.phase !== 'closed'; turn += 1) {
            for (const input of others[turn] ?? []) feed(input);
            const next = [...armed].toSorted(([, a], [, b]) => a - b)[0];
            if (next === undefined) break;
            armed.delete(next[0]);
            now = next[1];
            feed(fired(next[0]));
          }
          expect(state.phase).toBe('closed');
          expect(now).toBeLessThanOrEqual(Math.max(0, plan.gracePeriod - EXIT_MARGIN));
        },
      ),
    );
  });
});
