import { DRAIN_WARNINGS } from '@drainkit/core';
import { expect, test } from 'vitest';
import { readDocument } from './markdown-table.ts';

const page = readDocument('docs/doctor.md');

test('docs/doctor.md has a section for every warning, in the order of the code, with its cause and remedy', () => {
  const sections = page
    .split(/^## /m)
    .slice(1)
    .map((section) => ({
      code: /^\S+/.exec(section)?.[0],
      cause: /^\*\*Found:\*\* (.*)\.$/m.exec(section)?.[1],
      remedy: /^\*\*Do:\*\* (.*)\.$/m.exec(section)?.[1],
    }));
  expect(sections).toEqual(
    Object.entries(DRAIN_WARNINGS).map(([code, { cause, remedy }]) => ({ code, cause, remedy })),
  );
});

test('each section says more than that', () => {
  for (const section of page.split(/^## /m).slice(1)) expect(section.split('\n\n').length).toBeGreaterThanOrEqual(4);
});
