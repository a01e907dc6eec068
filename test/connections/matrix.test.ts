import { eventually } from '@drainkit/testing';
import { describe, expect, test } from 'vitest';
import { readDocument, tableRows } from '../docs/markdown-table.ts';
import { DEADLINE, DrainedServer, FORCE_GRACE, STALL, WINDOW } from './drained-server.ts';
import { ACTIVITIES, type Activity, type Peer } from './peer.ts';
import { TRANSPORTS, type Transport } from './transports.ts';

const PHASES = ['in the window', 'draining', 'at the deadline'] as const;
type Phase = (typeof PHASES)[number];

/** How long a client may take to answer the PING between two GOAWAYs, in milliseconds. */
const PING_TIMEOUT = 100;

/** A connection in the middle of something when a phase begins, beside another that keeps the drain from ending. */
interface Scene {
  readonly server: DrainedServer;
  readonly peer: Peer;
  readonly other: Peer;
  readonly activity: Activity;
  readonly phase: Phase;
}

/** What each outcome that docs/connections.md names means. */
const OUTCOMES: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  answered: answerInFlight,

  'answered and told to leave': async (scene) => {
    await answerInFlight(scene);
    expect(await scene.peer.told()).toBe(true);
  },

  'then ended': async ({ server, peer }) => {
    server.release();
    await peer.answer();
    expect(await peer.ended()).toBe(true);
  },

  'then left open for more': async ({ server, peer }) => {
    server.release();
    await peer.answer();
    await server.host.advance(WINDOW - 1);
    peer.ask();
    expect(await peer.answer()).toEqual({ status: 200, body: 'fast' });
  },

  'a request is answered': answerAnother,

  'a request is answered and told to leave': async (scene) => {
    await answerAnother(scene);
    expect(await scene.peer.told()).toBe(true);
  },

  'ended at once': async ({ server, peer }) => {
    await server.host.advance(PING_TIMEOUT);
    expect(await peer.ended()).toBe(true);
    expect(server.drain.phase).toBe('draining');
  },

  'ended when nothing is in flight': async ({ server, peer, other }) => {
    expect(peer.isOpen).toBe(true);
    server.release();
    expect(await other.ended()).toBe(true);
    expect(await peer.ended()).toBe(true);
    expect((await server.done()).outcome).toBe('clean');
  },

  'ended with what is in flight': async ({ server, peer }) => {
    expect(peer.isOpen).toBe(true);
    await server.host.advance(FORCE_GRACE);
    expect(await peer.ended()).toBe(true);
  },

  'gone before': async ({ peer }) => {
    expect(peer.isOpen).toBe(false);
  },

  'answered when it is whole': completeHalf,

  'answered and told to leave when it is whole': async (scene) => {
    await completeHalf(scene);
    expect(await scene.peer.told()).toBe(true);
  },

  '408 after stallTimeout': async ({ server, peer }) => {
    await server.host.advance(STALL - 1);
    expect(peer.isOpen).toBe(true);
    await server.host.advance(1);
    expect((await peer.answer()).status).toBe(408);
    expect(await peer.ended()).toBe(true);
  },

  'ended after stallTimeout': async ({ server, peer }) => {
    await server.host.advance(STALL - 1);
    expect(peer.isOpen).toBe(true);
    await server.host.advance(1);
    expect(await peer.ended()).toBe(true);
  },

  'goes on': async ({ server, peer, activity, phase }) => {
    await server.host.advance(phase === 'draining' ? DEADLINE - 1 : WINDOW - 1);
    if (activity === 'upgraded') peer.say('more');
    else server.write('more');
    await peer.hears(activity === 'upgraded' ? 'echo more' : 'more');
    expect(peer.isOpen).toBe(true);
  },

  'destroyed and named': async ({ server, peer, activity }) => {
    await server.host.advance(FORCE_GRACE - 1);
    expect(peer.isOpen).toBe(true);
    await server.host.advance(1);
    expect(await peer.cut()).toBe(true);
    const { outcome, aborted } = await server.done();
    expect(outcome).toBe('timed-out');
    expect(aborted.map(({ name }) => name)).toContainEqual(expect.stringMatching(NAMES[activity] ?? /^$/));
    // An upgrade has no signals of its own.
    if (activity !== 'upgraded') expect(server.forced).toContain('DRAIN_DEADLINE');
  },
};

async function answerInFlight({ server, peer }: Scene): Promise<void> {
  server.release();
  expect(await peer.answer()).toEqual({ status: 200, body: 'slow' });
}

async function answerAnother({ server, peer, phase }: Scene): Promise<void> {
  await server.host.advance(phase === 'draining' ? DEADLINE - 1 : WINDOW - 1);
  expect(peer.isOpen).toBe(true);
  peer.ask();
  expect(await peer.answer()).toEqual({ status: 200, body: 'fast' });
}

async function completeHalf({ server, peer, activity, phase }: Scene): Promise<void> {
  await server.host.advance(phase === 'draining' ? STALL - 1 : WINDOW - 1);
  peer.complete();
  const { status, body } = await peer.answer();
  expect([status, body.replace(/x+/, 'x')]).toEqual([200, activity === 'half head' ? 'fast' : 'x']);
}

/** How a report names what was destroyed. */
const NAMES: Partial<Record<Activity, RegExp>> = {
  'in-flight': /^GET \/slow$/,
  'half body': /^POST \/echo$/,
  upgraded: /^(GET|CONNECT) \/up \(upgraded\)$/,
  streaming: /^GET \/stream$/,
};

interface Cell {
  readonly transport: Transport;
  readonly activity: Activity;
  readonly phase: Phase;
  readonly outcomes: readonly string[];
}

const cells = tableRows(readDocument('docs/connections.md'), 'connection').flatMap(readRow);

function readRow([activity, servers = '', ...outcomes]: string[]): Cell[] {
  return servers.split(', ').flatMap((server) =>
    PHASES.map((phase, index): Cell => {
      const transport = TRANSPORTS.find(({ name }) => name === server);
      const known = ACTIVITIES.find((name) => name === activity);
      if (transport === undefined || known === undefined) throw new Error(`no row for '${activity}' on '${server}'`);
      return { transport, activity: known, phase, outcomes: (outcomes[index] ?? '').split('; ') };
    }),
  );
}

test('docs/connections.md has one cell for every connection on every server in every phase', () => {
  const documented = cells.map(({ transport, activity, phase }) => `${activity}, ${transport.name}, ${phase}`);
  const expected = ACTIVITIES.flatMap((activity) =>
    TRANSPORTS.flatMap(({ name }) => PHASES.map((phase) => `${activity}, ${name}, ${phase}`)),
  );
  expect(documented.toSorted()).toEqual(expected.toSorted());
});

describe.each(cells)('$activity on $transport.name, $phase', ({ transport, activity, phase, outcomes }) => {
  test.each(outcomes)('%s', async (outcome) => {
    const assertOutcome = OUTCOMES[outcome];
    if (assertOutcome === undefined) throw new Error(`docs/connections.md names an outcome that no test knows`);
    expect.hasAssertions();
    await assertOutcome(await setScene(transport, activity, phase));
  });
});

async function setScene(transport: Transport, activity: Activity, phase: Phase): Promise<Scene> {
  const server = await DrainedServer.start(transport);
  const other = await server.connect();
  other.begin('in-flight');
  await server.called('/slow');
  const peer = await server.connect();
  await begin(server, peer, activity);
  if (phase === 'in the window') server.announce();
  else await server.drainNow();
  if (phase === 'at the deadline') await passDeadline(server, peer, activity);
  return { server, peer, other, activity, phase };
}

async function begin(server: DrainedServer, peer: Peer, activity: Activity): Promise<void> {
  const before = server.bytesRead;
  peer.begin(activity);
  if (activity === 'in-flight') await server.called('/slow', 2);
  if (activity === 'half head') await eventually('half a head', () => server.bytesRead > before);
  if (activity === 'half body') await eventually('half a body', () => server.bodyRead > 0);
  if (activity === 'upgraded') await server.called('/up');
  if (activity === 'streaming') await peer.hears('begin;');
  if (activity === 'idle') {
    peer.ask();
    await peer.answer();
    await eventually('the answered request to be over', () => server.drain.inFlight === 1);
  }
}

/** A body goes on arriving, or it would not last until then. */
async function passDeadline(server: DrainedServer, peer: Peer, activity: Activity): Promise<void> {
  for (let left = DEADLINE; left > 0; left -= STALL / 2) {
    await server.host.advance(STALL / 2);
    if (activity !== 'half body') continue;
    const before = server.bytesRead;
    peer.drip();
    await eventually('a little more of the body', () => server.bytesRead > before);
  }
}
