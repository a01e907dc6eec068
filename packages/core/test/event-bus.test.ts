import { FakeClock } from '@drainkit/testing';
import { expect, test } from 'vitest';
import type { DrainEvent } from '../src/drain-event.ts';
import { EventBus } from '../src/event-bus.ts';
import { throwLater } from '../src/throw-later.ts';
import { catchUncaught } from './catch-uncaught.ts';

const readiness = (ready: boolean): DrainEvent => ({ type: 'readiness', ready, reason: undefined });

test('a listener hears the events of its type, in order, and no others', () => {
  const bus = new EventBus(throwLater);
  const heard: boolean[] = [];
  bus.on('readiness', ({ ready }) => heard.push(ready));
  bus.emit(readiness(false));
  bus.emit({ type: 'lingering', handles: [] });
  bus.emit(readiness(true));
  expect(heard).toEqual([false, true]);
});

test('listeners hear it in the order in which they came', () => {
  const bus = new EventBus(throwLater);
  const heard: string[] = [];
  for (const name of ['a', 'b', 'c']) bus.on('readiness', () => heard.push(name));
  bus.emit(readiness(true));
  expect(heard).toEqual(['a', 'b', 'c']);
});

test('a listener that was cancelled hears no more; cancelling twice does nothing', () => {
  const bus = new EventBus(throwLater);
  const heard: string[] = [];
  const cancel = bus.on('readiness', () => heard.push('gone'));
  bus.on('readiness', () => heard.push('there'));
  cancel();
  cancel();
  bus.emit(readiness(true));
  expect(heard).toEqual(['there']);
});

test('a function that listens twice is two listeners', () => {
  const bus = new EventBus(throwLater);
  let heard = 0;
  const listener = (): void => void (heard += 1);
  const cancel = bus.on('readiness', listener);
  bus.on('readiness', listener);
  bus.emit(readiness(true));
  expect(heard).toBe(2);
  cancel();
  bus.emit(readiness(true));
  expect(heard).toBe(3);
});

test('a listener may leave, or add another, while it is called', () => {
  const bus = new EventBus(throwLater);
  const heard: string[] = [];
  const cancel = bus.on('readiness', () => {
    heard.push('once');
    cancel();
    bus.on('readiness', () => heard.push('added'));
  });
  bus.on('readiness', () => heard.push('other'));
  bus.emit(readiness(true));
  expect(heard.filter((name) => name !== 'added')).toEqual(['once', 'other']);
  heard.length = 0;
  bus.emit(readiness(true));
  expect(heard).toEqual(['other', 'added']);
});

test('a listener that throws stops neither the others nor whoever emits, and its error is not swallowed', async () => {
  const caught = catchUncaught();
  const bus = new EventBus(throwLater);
  const heard: string[] = [];
  bus.on('readiness', () => {
    throw new Error('broken listener');
  });
  bus.on('readiness', () => heard.push('next'));
  bus.emit(readiness(true));
  expect(heard).toEqual(['next']);
  await new FakeClock().advance(0);
  expect(caught).toEqual([new Error('broken listener')]);
});

test('without listeners nothing happens', () => {
  expect(() => new EventBus(throwLater).emit(readiness(true))).not.toThrow();
});

test('whoever asks for any event hears them all, before those who asked for one type', () => {
  const bus = new EventBus(throwLater);
  const heard: string[] = [];
  bus.on('readiness', () => heard.push('typed'));
  const cancel = bus.onAny(({ type }) => heard.push(type));
  bus.emit(readiness(true));
  bus.emit({ type: 'lingering', handles: [] });
  cancel();
  bus.emit(readiness(true));
  expect(heard).toEqual(['readiness', 'typed', 'lingering', 'typed']);
});
