import { expect, test } from 'vitest';
import { refusedImports } from './import-rules.ts';

test('a policy that imports an activity is refused', () => {
  expect(
    refusedImports('policies/placement/planner.ts', `import { x } from '../../activities/x.ts';`),
  ).toEqual(['policies/placement/planner.ts: policies/ may not import ../../activities/x.ts']);
});

test('a workflow may import the types of activities and nothing else of them', () => {
  expect(refusedImports('workflows/a.ts', `import type { A } from '../activities/a.ts';`)).toEqual([]);
  expect(refusedImports('workflows/a.ts', `import { type A } from '../activities/a.ts';`)).toEqual([]);
  expect(refusedImports('workflows/a.ts', `import { type A, b } from '../activities/a.ts';`)).toHaveLength(1);
  expect(refusedImports('workflows/a.ts', `export { b } from '../activities/a.ts';`)).toHaveLength(1);
});

test('the model imports zod alone', () => {
  expect(refusedImports('model/a.ts', `import { z } from 'zod'; import fs from 'node:fs';`)).toEqual([
    'model/a.ts: model/ may not import the package node:fs',
  ]);
});

test('an import inside a function is seen', () => {
  expect(refusedImports('client/a.ts', `const f = () => import('../activities/a.ts');`)).toHaveLength(1);
});

test('a folder without a rule is refused', () => {
  expect(refusedImports('helpers/a.ts', '')).toEqual(['helpers/a.ts: folder helpers/ has no import rule']);
});
