import { FakeClock } from '@drainkit/testing';
import { describe, expect, test } from 'vitest';
import { DrainableSet } from '../src/drainable-set.ts';
import { FakeDrainable } from './fake-drainable.ts';

function set(...names: string[]) {
  const log: string[] = [];
  const members = names.map((name) => new FakeDrainable(name, log));
  const all = new DrainableSet();
  for (const member of members) all.add(member);
  return { log, members, all };
}

async function isDrained(all: DrainableSet): Promise<() => boolean> {
  let drained = false;
  void all.drained().then(() => (drained = true));
  await new FakeClock().advance(0);
  return () => drained;
}

test('what it is told, each member is told, in order', () => {
  const { log, all } = set('a', 'b');
  all.announce();
  all.refuse();
  all.force();
  all.abort();
  expect(log).toEqual(['announce', 'refuse', 'force', 'abort'].flatMap((word) => [`a ${word}`, `b ${word}`]));
});

test('its counts are the sums of its members’', () => {
  const { members, all } = set('a', 'b');
  expect([all.inFlight, all.late, all.refused, all.stalled]).toEqual([0, 0, 0, 0]);
  members.forEach((member, index) =>
    Object.assign(member.begin('GET /x'), { late: 1 + index, refused: 2, stalled: 3 }),
  );
  expect([all.inFlight, all.late, all.refused, all.stalled]).toEqual([2, 3, 4, 6]);
  expect(all.work()).toEqual([
    { name: 'GET /x', ageMs: 1 },
    { name: 'GET /x', ageMs: 1 },
  ]);
});

test('it names what is in flight, the oldest first', () => {
  const { members, all } = set('a', 'b');
  for (const [index, member] of members.entries()) member.work = () => [{ name: member.name, ageMs: index }];
  expect(all.work().map(({ name }) => name)).toEqual(['b', 'a']);
});

test('it is reachable while any member is', () => {
  const { members, all } = set('a', 'b');
  expect(all.reachable).toBe(true);
  for (const member of members) member.reachable = false;
  expect(all.reachable).toBe(false);
  expect(new DrainableSet().reachable).toBe(false);
});

describe('a member that comes later', () => {
  test('is brought up to where the others are', () => {
    const { log, all } = set();
    all.announce();
    all.add(new FakeDrainable('late', log));
    expect(log).toEqual(['late announce']);
    log.length = 0;
    all.refuse();
    all.force();
    all.abort();
    log.length = 0;
    all.add(new FakeDrainable('last', log));
    expect(log).toEqual(['last announce', 'last refuse', 'last force', 'last abort']);
  });

  test('is not told again what it was told, when it is added again', () => {
    const { log, members, all } = set('a');
    all.announce();
    for (const member of members) all.add(member);
    expect(log).toEqual(['a announce']);
  });

  test('is told abort once, however often the others were', () => {
    const { log, all } = set('a');
    all.abort();
    all.abort();
    log.length = 0;
    all.add(new FakeDrainable('late', log));
    expect(log).toEqual(['late abort']);
  });
});

test('a member that was deleted is neither told nor counted', () => {
  const { log, members, all } = set('a', 'b');
  members[0]?.begin('GET /x');
  for (const first of members.slice(0, 1)) all.delete(first);
  all.announce();
  expect([log, all.inFlight]).toEqual([['b announce'], 0]);
});

describe('drained', () => {
  test('comes when the last member is drained', async () => {
    const { members, all } = set('a', 'b');
    for (const member of members) member.begin('x');
    const drained = await isDrained(all);
    members[0]?.end();
    await new FakeClock().advance(0);
    expect(drained()).toBe(false);
    members[1]?.end();
    await new FakeClock().advance(0);
    expect(drained()).toBe(true);
  });

  test('waits for a member that is added meanwhile', async () => {
    const { members, all } = set('a');
    members[0]?.begin('x');
    const drained = await isDrained(all);
    const late = new FakeDrainable('late').begin('y');
    all.add(late);
    members[0]?.end();
    await new FakeClock().advance(0);
    expect(drained()).toBe(false);
    late.end();
    await new FakeClock().advance(0);
    expect(drained()).toBe(true);
  });

  test('waits for a member that takes the place of another', async () => {
    const { members, all } = set('a', 'b');
    members[0]?.begin('x');
    const drained = await isDrained(all);
    for (const second of members.slice(1)) all.delete(second);
    const late = new FakeDrainable('late').begin('y');
    all.add(late);
    members[0]?.end();
    await new FakeClock().advance(0);
    expect(drained()).toBe(false);
    late.end();
    await new FakeClock().advance(0);
    expect(drained()).toBe(true);
  });

  test('comes at once where there is nobody', async () => {
    expect((await isDrained(new DrainableSet()))()).toBe(true);
  });
});
