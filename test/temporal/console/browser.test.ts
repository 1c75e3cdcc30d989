/** The Temporal UI as a person without any other tool uses it, on a simulated datacenter. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { uiLinks, type UiLinks } from '../../../client/ui-links.ts';
import { startDrover, type RunningDrover } from '../../../demo/drover-process.ts';
import { SitePaths } from '../../../lab/simulated/record.ts';
import { endSite, startSite } from '../../../lab/simulated/site.ts';
import { DatacenterSpec } from '../../../lab/simulated/spec.ts';
import { UiBrowser } from './browser.ts';

/** Slow enough that a person sees the copy; two1 runs twice, which is nobody's wish. */
const spec = DatacenterSpec.parse({
  hosts: [
    { name: 'host1', cpus: 4, memoryMiB: 8192, bandwidthMiBps: 250 },
    { name: 'host2', cpus: 4, memoryMiB: 8192, bandwidthMiBps: 250 },
  ],
  vms: [
    { name: 'web1', host: 'host1' },
    { name: 'two1', host: 'host1' },
    { name: 'two1', host: 'host2' },
  ],
});

const screenshots = join(tmpdir(), `drover-console-screenshots-${process.pid}`);
const folder = mkdtempSync(join(tmpdir(), 'drover-console-'));
const paths = new SitePaths(join(folder, 'site'));
const drover = join(import.meta.dirname, '../../../client/cli/drover.ts');
let running: RunningDrover;
let ui: UiBrowser;
let links: UiLinks;

beforeAll(async () => {
  ui = await UiBrowser.open(screenshots);
  await startSite(paths, { spec, isAttended: true });
  running = await startDrover(paths.droverYaml);
  const found = uiLinks(running.drover.target);
  if (!found) throw new Error('the embedded Temporal server has no UI');
  links = found;
}, 180_000);

afterAll(async () => {
  await ui?.[Symbol.asyncDispose]();
  await running?.stop();
  await endSite(paths);
  rmSync(folder, { recursive: true, force: true });
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(`screenshot: ${await ui.shot(task.name)}`);
});

let operations = 0;
type Type = 'migrateVm' | 'settleVm';

/** Opens a prefilled dialog, types the input, and starts. @returns the id */
async function startByDialog(type: Type, input: string): Promise<string> {
  const id = `by-dialog/${++operations}`;
  const start = await fillDialog(type, id, input);
  await start.click();
  await ui.page.getByText('Workflow started successfully').waitFor();
  return id;
}

/** @returns the button that starts it */
async function fillDialog(type: Type, id: string, input: string): Promise<Locator> {
  const { page } = ui;
  await ui.open(links.start(type, id));
  await page.locator('.cm-content').first().click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.insertText(input);
  // The editor formats its text when it is left, which shifts the button away from a click that is under way.
  await page.locator('#workflowId').click();
  expect(await page.locator('#workflowId').inputValue()).toBe(id);
  expect(await page.locator('#taskQueue').inputValue()).toBe('drover');
  expect(await page.locator('#workflowType').inputValue()).toBe(type);
  return page.getByTestId('start-workflow-button');
}

test('a move from the dialog, watched to its end; its links lead to the records', async () => {
  const id = await startByDialog('migrateVm', '{"vm":"web1","reason":"a | b [x](http://evil)"}');
  await ui.openDetails(links.operation(id));
  const underWay = await ui.reads('Now: step 4 of 5: move: the memory is copied', { refresh: true });
  // A reason is a text, and no markup.
  expect(underWay).toContain('Why: a | b [x](http://evil).');
  expect(underWay).toMatch(/lease\s+the right to act on the VM.*\sdone\s/);
  expect(underWay).toMatch(/tidy\s.*\sto come\s/);
  expect(underWay).toContain('Why host2: host2: ');
  await ui.reads(/Copy: \d+ MiB copied, \d+ MiB of 1024 MiB to go/, { refresh: true });
  const ended = await ui.reads('Ended: moved. web1 moved from host1 to host2', { refresh: true });
  expect(ended).toMatch(/What it means: web1 is on host2, .* the VM stood still for \d+ ms/);

  const record = await ui.follow('web1');
  await ui.openDetails(record.url(), record);
  const remembered = await ui.reads('VM web1. This workflow remembers it', { page: record });
  expect(remembered).toMatch(/last seen\s+running \(.*\) on host2/);
  expect(remembered).toMatch(new RegExp(`${id}\\s+moved\\s+web1 moved from host1 to host2`));
  await record.close();
});

test('an input that is refused: why, what is allowed, and an example', async () => {
  const id = await startByDialog('migrateVm', '{"vm":"web1","host":"x"}');
  await ui.open(links.operation(id));
  await ui.reads('InvalidInput');
  await ui.reads('unknown key host');
  await ui.openDetails(links.operation(id));
  const page = await ui.reads('Refused: InvalidInput.');
  expect(page).toContain('What it means: nothing was done.');
  expect(page).toContain('allowed keys: vm, to, reason, dryRun');
  const dialog = await ui.follow('start migrateVm');
  expect(await dialog.locator('#workflowType').inputValue()).toBe('migrateVm');
  await dialog.close();
});

test('a VM that nobody knows: where all are listed', async () => {
  const id = await startByDialog('migrateVm', '{"vm":"nosuch"}');
  await ui.openDetails(links.operation(id));
  const text = await ui.reads('Ended: failed: UnknownVm.', { refresh: true });
  expect(text).toContain('no host has a VM called nosuch');
  const list = await ui.follow('VMs');
  await ui.reads('vm/web1', { page: list });
  await list.close();
});

test('a text that is no JSON starts nothing', async () => {
  const start = await fillDialog('migrateVm', 'by-dialog/none', '{"vm":"web1"}');
  await expect.poll(() => start.isEnabled()).toBe(true);
  await fillDialog('migrateVm', 'by-dialog/none', '{"vm":');
  await expect.poll(() => start.isEnabled()).toBe(false);
});

test('an operation that needs a person says what to do, and is found by the search for what waits', async () => {
  const id = await startByDialog('settleVm', '{"vm":"two1"}');
  await ui.openDetails(links.operation(id));
  const text = await ui.reads('Ended: failed: NeedsOperator.', { refresh: true });
  expect(text).toMatch(/two1 needs a person: .*host1.*host2/);
  expect(text).toContain('What to do next:');
  expect(text).toContain('drover settle two1');
  await ui.open(links.search("DroverNeedsOperator = true AND ExecutionStatus = 'Running'"));
  const listed = await ui.reads('vm/two1');
  expect(listed).not.toContain('vm/web1');
});

test('an operation that a program started says who asked for what', async () => {
  const operation = await running.drover.start('migrateVm', { vm: 'web1', to: 'host2', dryRun: true });
  await operation.result();
  await ui.openDetails(links.operation(operation.workflowId));
  const text = await ui.reads('Asked for by a program of ');
  expect(text).toContain('Check whether web1 can move to host2, and change nothing.');
  expect(text).toContain(`drover watch ${operation.workflowId}`);
  // What the Start dialog takes along of it is known as a copy by the id.
  await ui.open(links.start('migrateVm', operation.workflowId));
  await ui.reads(`This is of \`${operation.workflowId}\``);
});

test('the command line prints where the Temporal UI shows an operation', async () => {
  const cli = (...args: string[]) =>
    execa(process.execPath, [drover, '--settings', paths.droverYaml, ...args], { reject: false });
  const { stderr } = await cli('migrate', 'web1', '--to', 'host2', '--dry-run');
  const url = /^in the Temporal UI: (\S+)$/m.exec(stderr)?.[1] ?? '';
  await ui.openDetails(url);
  expect(await ui.reads('Asked for by ')).toMatch(
    /Asked for by \S+@\S+ at the command line: Check whether web1/,
  );
  const [newest] = await running.drover.operations({ dryRuns: true });
  const id = newest?.workflowId ?? '';
  expect(url).toBe(links.operation(id));
  expect(JSON.parse((await cli('describe', 'operation', id, '-o', 'json')).stdout)).toMatchObject({ url });
  const watched = await cli('watch', 'nosuch');
  expect(watched.stderr).not.toContain('in the Temporal UI');
});
