import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockStateFolder } from '../client/up/lock.ts';
import { holdDatacenter } from './one-start.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-one-start-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const inFolder = () => ({ folder, droverState: folder });

test('a datacenter that another program uses is refused at once, with its process and how to end it', async () => {
  await using _ = await holdDatacenter(inFolder(), 'npm run bench:migrate');
  await expect(holdDatacenter(inFolder(), 'npm start')).rejects.toThrow(
    `npm run bench:migrate runs already (process ${process.pid}): end it with Ctrl-C there, or with: kill ${process.pid}`,
  );
}, 1_000);

test('so is one on which a person’s drover up runs, and then nobody holds it', async () => {
  await using _ = await lockStateFolder(folder);
  const refused = `drover up runs already with the state folder ${folder} (process ${process.pid})`;
  await expect(holdDatacenter(inFolder(), 'npm start')).rejects.toThrow(refused);
  await expect(holdDatacenter(inFolder(), 'npm start')).rejects.toThrow(refused);
}, 1_000);

test('a drover up whose starter was killed is waited for: it is just ending', async () => {
  const up = await lockStateFolder(folder, { isAttended: true });
  let isOver = false;
  const held = holdDatacenter(inFolder(), 'npm start').then((it) => {
    expect(isOver).toBe(true);
    return it;
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  isOver = true;
  await up.release();
  await (await held).release();
}, 5_000);

test('looking makes nothing, and a released datacenter is anybody’s', async () => {
  const nowhere = { folder: join(folder, 'lab'), droverState: join(folder, 'lab', 'drover') };
  await (await holdDatacenter(nowhere, 'npm start')).release();
  await (await holdDatacenter(nowhere, 'npm start')).release();
  expect(existsSync(nowhere.folder)).toBe(false);
});
