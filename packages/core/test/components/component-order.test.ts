import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { orderProblems, startOrder, type OrderedComponent } from '../../src/components/component-order.ts';

/** `c: a b` depends on a and b; `c@g` is of group g. */
function components(...texts: string[]): OrderedComponent[] {
  return texts.map((text) => {
    const [head = '', after = ''] = text.split(':');
    const [name = '', group] = head.split('@');
    return { name, group, dependsOn: after.split(' ').filter((other) => other !== '') };
  });
}

const order = (...texts: string[]): string[] =>
  startOrder(components(...texts)).map((together) => together.map(({ name }) => name).join('+'));

describe('order', () => {
  test('without dependencies it is that of registration, one at a time', () => {
    expect(order('a', 'b', 'c')).toEqual(['a', 'b', 'c']);
  });

  test('each comes after those it depends on, and nothing else is moved', () => {
    expect(order('web: db queue', 'db', 'queue', 'metrics')).toEqual(['db', 'queue', 'web', 'metrics']);
  });

  test('those of one group come together', () => {
    expect(order('a@g', 'b', 'c@g')).toEqual(['a+c', 'b']);
  });

  test('a group is split where its members depend on each other', () => {
    expect(order('a@g', 'b@g: a', 'c@g')).toEqual(['a+c', 'b']);
    expect(order('a@g', 'b@g: x', 'x: a')).toEqual(['a', 'x', 'b']);
  });

  test('what is not among them is running already', () => {
    expect(order('a: running')).toEqual(['a']);
  });

  test('whatever depends on whatever, everyone comes once, after those it depends on', () => {
    const graph = fc.array(
      fc.record({ before: fc.array(fc.nat(20), { maxLength: 4 }), group: fc.constantFrom('', '@g', '@h') }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(graph, (nodes) => {
        // Only earlier ones, so that there is no cycle; then in another order.
        const texts = nodes.map(({ before, group }, index) => {
          const others = index === 0 ? [] : before.map((other) => `n${other % index}`);
          return `n${index}${group}: ${others.join(' ')}`;
        });
        const all = components(...texts.toReversed());
        expect(orderProblems(all)).toEqual([]);
        const batches = startOrder(all);
        const position = new Map(batches.flatMap((batch, at) => batch.map(({ name }) => [name, at] as const)));
        expect(batches.flat()).toHaveLength(nodes.length);
        for (const { name, dependsOn } of all) {
          for (const other of dependsOn) expect(position.get(other)).toBeLessThan(position.get(name) ?? -1);
        }
        for (const batch of batches) expect(new Set(batch.map(({ group }) => group)).size).toBe(1);
        expect(batches.filter((batch) => batch.length > 1 && batch[0]?.group === undefined)).toEqual([]);
      }),
    );
  });
});

describe('problems', () => {
  test('there are none where everything is as it should be', () => {
    expect(orderProblems(components('a', 'b: a', 'c: a b'))).toEqual([]);
  });

  test('names taken twice, dependencies that do not exist and cycles are all listed', () => {
    expect(orderProblems(components('a: b', 'b: c', 'c: b', 'd: d', 'e', 'e', 'f: nobody'))).toEqual([
      "'e' is the name of 2 components",
      "'f' depends on 'nobody', which is no component",
      "'b' depends on 'c' depends on 'b': a cycle",
      "'d' depends on 'd': a cycle",
    ]);
  });
});
