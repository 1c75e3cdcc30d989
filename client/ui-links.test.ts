import { expect, test } from 'vitest';
import { byAlert, byCommandLine } from './asked-by.ts';
import { staticTexts } from './static-texts.ts';
import { operationLine, uiLinks } from './ui-links.ts';

const target = { uiUrl: 'https://temporal.example/', namespace: 'default' };

test('addresses of pages, of the Start dialog, and of searches', () => {
  const links = uiLinks(target);
  const at = 'https://temporal.example/namespaces/default/workflows';
  expect(links?.operation('migrate-vm/web1/2026-01-01T00:00:00.000Z')).toBe(
    `${at}/migrate-vm%2Fweb1%2F2026-01-01T00%3A00%3A00.000Z`,
  );
  expect(links?.vm('web1')).toBe(`${at}/vm%2Fweb1`);
  expect(links?.host('host1')).toBe(`${at}/host%2Fhost1`);
  expect(links?.start('migrateVm')).toBe(`${at}/start-workflow?taskQueue=drover&workflowType=migrateVm`);
  expect(links?.start('settleVm', 'a/b')).toBe(
    `${at}/start-workflow?taskQueue=drover&workflowType=settleVm&workflowId=a%2Fb`,
  );
  expect(links?.search("DroverHost = 'host1'")).toBe(`${at}?query=DroverHost%20%3D%20%27host1%27`);
  expect(uiLinks({ ...target, namespace: 'a b.c1' })?.vm('web1')).toContain('/namespaces/a%20b.c1/');
});

test('where nobody knows where the UI is there are none', () => {
  expect(uiLinks({ namespace: 'default' })).toBeUndefined();
  expect(operationLine({ namespace: 'default' }, 'x')).toBeUndefined();
  expect(operationLine(target, 'x')).toBe(
    'in the Temporal UI: https://temporal.example/namespaces/default/workflows/x',
  );
});

const started = { name: 'migrateVm', workflowId: 'migrate-vm/web1/1', askedBy: byCommandLine() } as const;

test('from its start on an operation says who asked for what, why, and how it is watched', () => {
  const input = { vm: 'web1', to: 'host2', reason: '[click](http://evil) | now', wait: true };
  const { staticSummary, staticDetails } = staticTexts({ ...started, input });
  expect(staticSummary).toBe(
    'Move web1 to host2; it runs on meanwhile. Wait where another operation acts on the VM.',
  );
  expect(staticDetails).toMatch(/^\*\*Asked for by\*\* \S+@\S+ at the command line: Move web1 to host2/);
  expect(staticDetails).toContain(String.raw`**Why:** \[click\](http\://evil) \| now`);
  expect(staticDetails).toContain('`drover watch migrate-vm/web1/1`');
  expect(staticDetails).toContain('[web1](/namespaces/{namespace}/workflows/vm%2Fweb1)');
});

test('a summary that was given is taken, cut short between two letters', () => {
  const summary = `${'x'.repeat(199)}😀`;
  const { staticSummary } = staticTexts({ ...started, input: { vm: 'web1' }, summary });
  expect(staticSummary).toBe('x'.repeat(199));
});

test.each([undefined, null, 7, [], { vm: 7 }, { to: 'host2' }])('an input that is none: %j', (input) => {
  const { staticSummary, staticDetails } = staticTexts({ ...started, input });
  expect(staticSummary).toBe('migrateVm with an input that names no VM.');
  expect(staticDetails).toContain('drover watch');
});

test('an alert is told with its labels', () => {
  expect(byAlert({ alertname: 'DroverVmStarved', vm: 'web1', severity: 'warning' })).toBe(
    'the alert DroverVmStarved (severity="warning", vm="web1")',
  );
  expect(byAlert({})).toBe('the alert without a name');
});
