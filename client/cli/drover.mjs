#!/usr/bin/env node
// The command `drover`, on whatever Node the machine has: so it is plain JavaScript without a package. The command line
// itself is TypeScript, which Node runs from 22.18 on (https://nodejs.org/api/typescript.html); an older one hands over
// to the Node that is among the npm packages.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 23 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18)) {
  await import('./drover.ts');
} else {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const node = `${root}node_modules/node/bin/node`;
  if (!existsSync(node)) {
    console.error(
      `drover needs Node 22.18 or newer, and this is ${process.versions.node}; its own is among the npm packages, which are not installed: (cd ${root} && npm ci)`,
    );
    process.exit(2);
  }
  const script = fileURLToPath(new URL('drover.ts', import.meta.url));
  const child = spawn(node, [script, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both, and the command line decides what that means.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
