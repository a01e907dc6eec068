import { describe, expect, test } from 'vitest';
import { OPTION_ROWS } from '../../src/plan/drain-options.ts';
import { readEnvironment } from '../../src/plan/environment.ts';

function read(env: Record<string, string | undefined>, prefix = 'DRAIN_') {
  const taken: Record<string, unknown> = {};
  const problems: string[] = [];
  readEnvironment(env, prefix, (key, value) => (taken[key] = value), problems);
  return { taken, problems };
}

test('each kind of value is read from text', () => {
  const { taken, problems } = read({
    DRAIN_ENABLED: 'off',
    DRAIN_WINDOW: '2s',
    DRAIN_DEADLINE: '1500',
    DRAIN_SIGNALS: 'SIGHUP',
    DRAIN_READINESS: 'never',
    DRAIN_READY_PATH: '/up',
    DRAIN_STARTUP_PATH: 'false',
  });
  expect(problems).toEqual([]);
  expect(taken).toEqual({
    enabled: false,
    window: 2_000,
    deadline: 1_500,
    signals: { SIGHUP: 'window' },
    readiness: 'never',
    readyPath: '/up',
    startupPath: false,
  });
});

test('every option of a plan has a variable of its own', () => {
  const names = Object.values(OPTION_ROWS).map(({ env }) => env);
  expect(new Set(names).size).toBe(names.length);
  for (const { env } of Object.values(OPTION_ROWS)) {
    const { problems } = read({ [`DRAIN_${env}`]: '\u0000' });
    expect(problems).toEqual([expect.stringContaining(`DRAIN_${env} is`)]);
  }
});

test('an empty variable counts as absent, and so does one of spaces', () => {
  expect(read({ DRAIN_WINDOW: '', DRAIN_DEADLINE: '  ', DRAIN_EXIT: undefined })).toEqual({ taken: {}, problems: [] });
});

test('spaces around a value are no part of it', () => {
  expect(read({ DRAIN_EXIT: ' false ', DRAIN_READINESS: ' never' }).taken).toEqual({ exit: false, readiness: 'never' });
});

test('variables without the prefix are nobody’s business', () => {
  expect(read({ WINDOW: '2s', drain_window: '2s', MY_DRAIN_WINDOW: '2s', PATH: '/bin' })).toEqual({
    taken: {},
    problems: [],
  });
});

test('another prefix is another set of variables', () => {
  expect(read({ DRAIN_WINDOW: '1s', SHOP_DRAIN_WINDOW: '2s' }, 'SHOP_DRAIN_')).toEqual({
    taken: { window: 2_000 },
    problems: [],
  });
});

test('what Kubernetes adds for a Service that is called drain, or drain-health, is nobody’s business', () => {
  const service = {
    DRAIN_SERVICE_HOST: '10.0.0.11',
    DRAIN_SERVICE_PORT: '80',
    DRAIN_SERVICE_PORT_HTTP: '80',
    DRAIN_PORT: 'tcp://10.0.0.11:80',
    DRAIN_PORT_80_TCP: 'tcp://10.0.0.11:80',
    DRAIN_PORT_80_TCP_PROTO: 'tcp',
    DRAIN_PORT_80_TCP_PORT: '80',
    DRAIN_PORT_80_TCP_ADDR: '10.0.0.11',
    DRAIN_HEALTH_SERVICE_HOST: '10.0.0.12',
    DRAIN_HEALTH_PORT: 'tcp://10.0.0.12:9090',
    DRAIN_HEALTH_PORT_9090_TCP_ADDR: '10.0.0.12',
  };
  expect(read({ ...service, DRAIN_WINDOW: '2s' })).toEqual({ taken: { window: 2_000 }, problems: [] });
  expect(read({ DRAIN_HEALTH_PORT: '9090' }).taken).toEqual({ healthPort: 9_090 });
});

describe('problems', () => {
  test('an unknown variable is named together with the nearest right one', () => {
    expect(read({ DRAIN_WINDOWS: '2s' }).problems).toEqual([
      'DRAIN_WINDOWS is no variable of drainkit; did you mean DRAIN_WINDOW?',
    ]);
  });

  test('the nearest right one has the prefix in use', () => {
    expect(read({ SHOP_DEADLIN: '2s' }, 'SHOP_').problems).toEqual([
      'SHOP_DEADLIN is no variable of drainkit; did you mean SHOP_DEADLINE?',
    ]);
  });

  test('an unknown variable that is near to nothing is named alone', () => {
    expect(read({ DRAIN_QUARTERLY_BUDGET: 'x' }).problems).toEqual([
      'DRAIN_QUARTERLY_BUDGET is no variable of drainkit',
    ]);
  });

  test('a value that is not allowed is shown with what is, and is not taken', () => {
    const { taken, problems } = read({ DRAIN_WINDOW: 'soon', DRAIN_READINESS: 'maybe' });
    expect(taken).toEqual({});
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(/^DRAIN_WINDOW is 'soon'; allowed: milliseconds/);
    expect(problems[1]).toBe("DRAIN_READINESS is 'maybe'; allowed: 'at-signal' or 'after-window' or 'never'");
  });

  test.each(['DRAIN_PORT', 'DRAIN_SERVICE', 'DRAIN_PORTS'])(
    '%s, which only looks like that of a Service, is one',
    (name) => {
      expect(read({ [name]: '80' }).problems).toHaveLength(1);
    },
  );

  test('one wrong variable does not keep the others from being read', () => {
    const { taken, problems } = read({ DRAIN_WINDOW: '-1', DRAIN_EXIT: 'no' });
    expect(problems).toHaveLength(1);
    expect(taken).toEqual({ exit: false });
  });
});
