// Installs the npm packages where they are missing or older than the lock file.
// Runs before `npm start` and `npm test`, when node_modules may not exist yet, on whatever Node the machine
// has: so it is plain JavaScript without a package.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'node_modules', '.drover-lock-sha256');
const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  const started = Date.now();
  console.log('Installing npm packages (node_modules is missing or older than package-lock.json) ...');
  // Not `npm ci`: it refuses a lock file that lacks optional packages of other platforms, which a registry may not
  // have had when the file was made. Versions come from the lock file either way, and it is not written.
  // One JSON line may be the caller's last line of standard output: npm's own talk goes to standard error.
  const npm = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (npm.status !== 0) {
    console.error(
      `npm install failed (${npm.error?.message ?? `exit code ${npm.status}`}). Is the npm registry reachable? Try: npm install`,
    );
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
  console.log(`Installing npm packages: done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}
