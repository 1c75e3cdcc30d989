import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { shellUses } from './no-shell.ts';

/** What is shipped, and what sets machines up; `host-hook` has Python and a script for hosts. */
const product = '{model,policies,settings,workflows,activities,worker,client,lab,demo,setup}/**/*.{ts,mjs}';

test('no part of the product gives a text to a shell', () => {
  const files = globSync(product, { exclude: (name) => name.endsWith('.test.ts') });
  expect(files.length).toBeGreaterThan(200);
  expect(files.flatMap((file) => shellUses(file, readFileSync(file, 'utf8')))).toEqual([]);
});

describe('is found', () => {
  test.for([
    ['exec', `import { exec } from 'node:child_process'; exec('virsh list')`],
    ['exec by another name', `import { execSync as run } from 'child_process'; run('virsh list')`],
    ['all of child_process', `import * as processes from 'node:child_process'; processes.exec('ls')`],
    ['a template of execa', "import { execa } from 'execa'; await execa`virsh ${command}`"],
    ['one text for execa', `import { execa } from 'execa'; await execa('virsh list')`],
    ['one text with options', `import { execa } from 'execa'; await execa(command, { env })`],
    ['a shell', `import { spawn } from 'node:child_process'; spawn('virsh', ['list'], { shell: true })`],
    [
      'a shell, quoted',
      `import { spawn } from 'node:child_process'; spawn('virsh', [], { 'shell': '/bin/sh' })`,
    ],
    ['one text for spawn', `import { spawn } from 'node:child_process'; spawn('virsh list')`],
  ])('%s', ([, source = '']) => {
    expect(shellUses('some.ts', source)).toHaveLength(1);
  });

  test('and what has a list of arguments is not', () => {
    const source = `import { execa } from 'execa'; await execa('virsh', ['-c', uri, 'list'], { env }); exec('no import')`;
    expect(shellUses('some.ts', source)).toEqual([]);
  });
});
