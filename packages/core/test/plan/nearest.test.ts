import { expect, test } from 'vitest';
import { nearest } from '../../src/plan/nearest.ts';

const NAMES = ['window', 'deadline', 'gracePeriod', 'closeTimeout', 'stallTimeout', 'exit'];

test.each([
  ['windw', 'window'],
  ['Window', 'window'],
  ['deadLine', 'deadline'],
  ['grace_period', 'gracePeriod'],
  ['closeTimout', 'closeTimeout'],
  ['stalTimeout', 'stallTimeout'],
  ['exti', 'exit'],
])('%s was meant to be %s', (word, meant) => {
  expect(nearest(word, NAMES)).toBe(meant);
});

test('a word that is itself a candidate is nearest to itself', () => {
  for (const name of NAMES) expect(nearest(name, NAMES)).toBe(name);
});

test('a word that is far from everything means nothing', () => {
  expect(nearest('colour', NAMES)).toBeUndefined();
  expect(nearest('kubernetesNamespace', NAMES)).toBeUndefined();
});

test('a short word may differ in two letters, not in three', () => {
  expect(nearest('ab', ['abcd'])).toBe('abcd');
  expect(nearest('ab', ['abcde'])).toBeUndefined();
});

test('a long word may differ in a third of its letters', () => {
  expect(nearest('abcdefghijkl', ['abcdefgh'])).toBe('abcdefgh');
  expect(nearest('abcdefghijkl', ['abcdefg'])).toBeUndefined();
});

test('of two that are equally near, the first is meant', () => {
  expect(nearest('bat', ['cat', 'rat'])).toBe('cat');
  expect(nearest('bat', ['rat', 'cat'])).toBe('rat');
});

test('without candidates nothing is meant', () => {
  expect(nearest('window', [])).toBeUndefined();
});
