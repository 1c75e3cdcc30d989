/** `migrateVm` from the Start dialog of the Temporal UI, as a person without any other tool uses it. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDrover, type RunningDrover } from '../../demo/drover-process.ts';
import { labHosts, labVm, sharedLab } from '../support/lab.ts';

const screenshots = mkdtempSync(join(tmpdir(), 'drover-temporal-ui-'));
/** For whatever the page shows next; a first look at the page loads megabytes on a busy machine. */
/** The page is some megabytes of script, on two cores that emulate guests as well. */
const limitMs = 60_000;
const waiting = { timeout: limitMs, interval: 250 };

let running: RunningDrover;
let browser: Browser;
let page: Page;
let firstHost: string;
let operations = 0;

beforeAll(async () => {
  running = await startDrover(sharedLab().droverYamlPath);
  firstHost = await hostOfVm();
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  page.setDefaultTimeout(limitMs);
});

afterAll(async () => {
  await browser?.close();
  if (!running) return;
  if ((await hostOfVm()) !== firstHost)
    await (await running.drover.start('migrateVm', { vm: labVm().name, to: firstHost })).result();
  await running.stop();
});

describe("the Temporal UI's Start dialog", () => {
  test('moves a VM that is named and nothing else', async () => {
    const id = await startByDialog(`{"vm":"${labVm().name}"}`);
    await expectStatus(id, 'Completed');
    await shot('moved');
    expect(await hostOfVm()).not.toBe(firstHost);
    await expect.poll(shown, waiting).toContain(`${labVm().name} moved from ${firstHost}`);
  });

  test('tells which VM is unknown and where all are listed', async () => {
    const id = await startByDialog('{"vm":"nosuch"}');
    await expectStatus(id, 'Failed');
    await shot('unknown-vm');
    await expect.poll(shown, waiting).toContain('no host has a VM called nosuch; drover get vms lists them');
  });

  test('tells the allowed keys when there is an unknown one', async () => {
    const id = await startByDialog(`{"vm":"${labVm().name}","host":"x"}`);
    await expectStatus(id, 'Failed');
    await shot('unknown-key');
    await expect.poll(shown, waiting).toContain('unknown key host');
    await expect.poll(shown, waiting).toContain('allowed keys: vm, to, reason, dryRun');
  });

  test('refuses what is not JSON before anything is started', async () => {
    await fillDialog('{"vm":"web1"}');
    await expect.poll(() => startButton().isEnabled(), waiting).toBe(true);
    await fillDialog('{"vm":');
    await expect.poll(() => startButton().isEnabled(), waiting).toBe(false);
    await shot('not-json');
  });
});

function uiUrl(): string {
  const url = running.drover.target.uiUrl;
  if (!url) throw new Error('the Temporal server of the lab has no UI');
  return url;
}

function startButton() {
  return page.getByTestId('start-workflow-button');
}

/** Fills the dialog that a prefilled link opens. @returns the workflow's id */
async function fillDialog(input: string): Promise<string> {
  const id = `ui-${process.pid}-${++operations}`;
  await page.goto(
    `${uiUrl()}/namespaces/default/workflows/start-workflow?taskQueue=drover&workflowType=migrateVm`,
  );
  await page.locator('#workflowId').fill(id);
  const editor = page.locator('.cm-content').first();
  await editor.click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.insertText(input);
  // The editor formats its text when it is left, which shifts the button away from a click that is under way.
  await page.locator('#workflowId').click();
  return id;
}

async function startByDialog(input: string): Promise<string> {
  const id = await fillDialog(input);
  await startButton().click();
  await page.getByText('Workflow started successfully').waitFor();
  return id;
}

/** Opens the workflow's page and waits until it shows this status. */
async function expectStatus(id: string, status: string): Promise<void> {
  await expect
    .poll(
      () =>
        running.drover
          .operation(id)
          .look()
          .then(
            ({ isRunning }) => isRunning,
            () => 'not found',
          ),
      {
        timeout: limitMs,
        interval: 250,
      },
    )
    .toBe(false);
  // The reason first: a page that shows another status than the expected one tells less.
  if (status === 'Completed') await running.drover.operation(id).result();
  await page.goto(`${uiUrl()}/namespaces/default/workflows/${id}`);
  await page.getByText(status, { exact: true }).first().waitFor();
}

/** What a reader sees on the page. */
async function shown(): Promise<string> {
  return page.locator('body').innerText();
}

async function shot(name: string): Promise<void> {
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
}

/** Asks both hosts which of them runs the VM. */
async function hostOfVm(): Promise<string> {
  const states = await Promise.all(
    labHosts().map(async ({ name, uri }) => {
      const { stdout } = await execa('virsh', ['-c', uri, 'list', '--uuid', '--state-running'], {
        env: { LC_ALL: 'C' },
      });
      return stdout.includes(labVm().uuid) ? [name] : [];
    }),
  );
  const [host, ...others] = states.flat();
  if (!host || others.length > 0)
    throw new Error(`${labVm().name} runs on ${states.flat().join(' and ') || 'no host'}`);
  return host;
}
