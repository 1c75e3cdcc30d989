import { Command } from 'commander';
import { expect, test } from 'vitest';
import { everyOption } from './pace.ts';

test.each([
  [[], { every: 2 }],
  [['--watch'], { every: 2, watch: true }],
  [['--every', '5'], { every: 5, watch: true }],
])('%j looks again only where that is asked for', (args, expected) => {
  const command = new Command().option('-w, --watch').addOption(everyOption(2));
  expect(command.parse(args, { from: 'user' }).opts()).toEqual(expected);
});
