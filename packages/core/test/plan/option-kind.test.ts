import { describe, expect, test } from 'vitest';
import {
  address,
  choice,
  DEFAULT_SIGNALS,
  duration,
  path,
  port,
  reportTarget,
  signals,
  someOf,
  toggle,
} from '../../src/plan/option-kind.ts';

describe('duration', () => {
  test('it is read the same from code and from text', () => {
    expect([duration.parse('5s'), duration.parseText('5s'), duration.parse(5_000), duration.parseText('5000')]).toEqual(
      [5_000, 5_000, 5_000, 5_000],
    );
    expect([duration.parse('soon'), duration.parseText('soon')]).toEqual([undefined, undefined]);
  });
});

describe('toggle', () => {
  test('code says true or false, and nothing that is like them', () => {
    expect([toggle.parse(true), toggle.parse(false)]).toEqual([true, false]);
    for (const value of ['true', 1, 0, null, undefined, {}]) expect(toggle.parse(value)).toBeUndefined();
  });

  test.each(['true', '1', 'yes', 'on', 'TRUE', 'Yes'])('the text %j is true', (text) => {
    expect(toggle.parseText(text)).toBe(true);
  });

  test.each(['false', '0', 'no', 'off', 'False', 'OFF'])('the text %j is false', (text) => {
    expect(toggle.parseText(text)).toBe(false);
  });

  test.each(['', 'maybe', '2', 'truee', 'null'])('the text %j is neither', (text) => {
    expect(toggle.parseText(text)).toBeUndefined();
  });

  test.each(['constructor', '__proto__'])('%j, which every object has, is no word of a toggle', (text) => {
    expect(toggle.parseText(text)).toBeUndefined();
  });
});

describe('choice', () => {
  const colour = choice(['red', 'green']);

  test('one of the choices is taken, exactly as it is written', () => {
    expect([colour.parse('red'), colour.parseText('green')]).toEqual(['red', 'green']);
    for (const value of ['Red', ' red', '', 0, null, ['red']]) expect(colour.parse(value)).toBeUndefined();
    expect(colour.parseText('blue')).toBeUndefined();
  });

  test('its form lists the choices', () => {
    expect(colour.form).toBe("'red' or 'green'");
  });
});

describe('path', () => {
  test.each(['/', '/ready', '/health/ready', '/ready/', '/a-b_c.d~e', '/%20'])('%j is a path', (text) => {
    expect([path.parse(text), path.parseText(text)]).toEqual([text, text]);
  });

  test.each(['', 'ready', '/ready?x=1', '/ready#top', '/rea dy', '/ready\n', 'http://host/ready', ' /ready'])(
    '%j is no path',
    (text) => {
      expect([path.parse(text), path.parseText(text)]).toEqual([undefined, undefined]);
    },
  );

  test('false is no route at all, in code and in text', () => {
    expect([path.parse(false), path.parseText('false')]).toEqual([false, false]);
  });

  test('true, null and numbers are no paths', () => {
    for (const value of [true, null, undefined, 0, /\/ready/]) expect(path.parse(value)).toBeUndefined();
  });
});

describe('signals', () => {
  test('by default SIGTERM has the window and SIGINT begins at once', () => {
    expect(DEFAULT_SIGNALS).toEqual({ SIGTERM: 'window', SIGINT: 'at-once' });
    expect(signals.parse({})).toEqual(DEFAULT_SIGNALS);
  });

  test('what code says is merged over the default', () => {
    expect(signals.parse({ SIGHUP: 'window', SIGINT: 'window' })).toEqual({
      SIGTERM: 'window',
      SIGINT: 'window',
      SIGHUP: 'window',
    });
  });

  test('a signal that is false is not listened for', () => {
    expect(signals.parse({ SIGINT: false })).toEqual({ SIGTERM: 'window' });
    expect(signals.parse({ SIGINT: false, SIGTERM: false })).toEqual({});
  });

  test('false is no signal at all', () => {
    expect([signals.parse(false), signals.parseText('false')]).toEqual([{}, {}]);
  });

  test.each([
    [{ SIGKILL: 'window' }],
    [{ sigterm: 'window' }],
    [{ SIGTERM: 'later' }],
    [{ SIGTERM: true }],
    [{ SIGTERM: null }],
    [true],
    [null],
    ['SIGTERM'],
    [['SIGTERM']],
    [5],
  ])('%j is not allowed in code', (value) => {
    expect(signals.parse(value)).toBeUndefined();
  });

  test('text says exactly which signals there are', () => {
    expect(signals.parseText('SIGTERM:at-once')).toEqual({ SIGTERM: 'at-once' });
    expect(signals.parseText('SIGTERM:window, SIGHUP:at-once')).toEqual({ SIGTERM: 'window', SIGHUP: 'at-once' });
  });

  test.each(['SIGTERM:window:x', 'SIGTERM:', 'SIGTERM,SIGTERM', 'SIGTERM:window,SIGINT,SIGTERM:at-once'])(
    'the text %j is not taken for part of it',
    (text) => {
      expect(signals.parseText(text)).toBeUndefined();
    },
  );

  test('a signal without a mode has its own default, or the window', () => {
    expect(signals.parseText('SIGTERM,SIGINT,SIGHUP')).toEqual({
      SIGTERM: 'window',
      SIGINT: 'at-once',
      SIGHUP: 'window',
    });
  });

  test.each(['SIGKILL', 'sigterm', 'SIGTERM:', 'SIGTERM:later', 'SIGTERM,', ',', 'true', 'toString'])(
    '%j is not allowed in text',
    (text) => {
      expect(signals.parseText(text)).toBeUndefined();
    },
  );

  test('its form names every signal that is allowed', () => {
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGBREAK', 'SIGUSR2']) {
      expect(signals.form).toContain(name);
      expect(signals.parse({ [name]: 'window' })).toMatchObject({ [name]: 'window' });
    }
  });
});

describe('port', () => {
  test.each([0, 1, 9_090, 65_535])('%d is a port', (number) => {
    expect([port.parse(number), port.parseText(String(number))]).toEqual([number, number]);
  });

  test('false is none at all, which is not the port 0', () => {
    expect([port.parse(false), port.parseText('false')]).toEqual([false, false]);
  });

  test.each([-1, 65_536, 1.5, '9090', true, null, NaN])('%j is no port', (value) => {
    expect(port.parse(value)).toBeUndefined();
  });

  test.each(['', '-1', '65536', '9090/tcp', 'tcp://10.0.0.1:9090', 'true'])('the text %j is no port', (text) => {
    expect(port.parseText(text)).toBeUndefined();
  });
});

describe('address', () => {
  test.each(['*', '127.0.0.1', '::1', 'fe80::1%eth0', 'localhost', 'pod-1.internal'])('%j is one', (text) => {
    expect([address.parse(text), address.parseText(text)]).toEqual([text, text]);
  });

  test.each(['', ' ', 'a b', 'http://host', '127.0.0.1/8', '**'])('%j is none', (text) => {
    expect([address.parse(text), address.parseText(text)]).toEqual([undefined, undefined]);
  });
});

describe('reportTarget', () => {
  test.each(['stdout', './drains.jsonl', '/var/log/drains', 'logs/drains', 'C:\\drains'])('%j is one', (text) => {
    expect([reportTarget.parse(text), reportTarget.parseText(text)]).toEqual([text, text]);
  });

  test('false is none at all', () => {
    expect([reportTarget.parse(false), reportTarget.parseText('false')]).toEqual([false, false]);
  });

  test.each(['', 'stdot', 'stderr', 'drains', '/', '/tmp/', 'logs/..', './.', 'C:\\\\'])('%j is none', (text) => {
    expect([reportTarget.parse(text), reportTarget.parseText(text)]).toEqual([undefined, undefined]);
  });
});

describe('someOf', () => {
  const colours = someOf(['red', 'green']);

  test('some, all or none are taken', () => {
    expect([colours.parse(['red']), colours.parseText('red, green')]).toEqual([['red'], ['red', 'green']]);
    expect([colours.parse('all'), colours.parseText('all')]).toEqual([
      ['red', 'green'],
      ['red', 'green'],
    ]);
    expect([colours.parse(false), colours.parseText('false'), colours.parse([])]).toEqual([[], [], []]);
  });

  test.each(['red', ['blue'], [1], {}, null, true])('%j is not some of them', (value) => {
    expect(colours.parse(value)).toBeUndefined();
  });

  test.each(['blue', 'red,blue', ''])('the text %j is not some of them', (text) => {
    expect(colours.parseText(text)).toBeUndefined();
  });
});
