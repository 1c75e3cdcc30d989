/**
 * docs/operations/refusals.md says what the code does: its tables are made from the rules. After a change of the rules
 * `RECORD_PAGE=1 npx vitest run --project unit test/structure/refusals-page.test.ts` writes them anew.
 */
import { expect, test } from 'vitest';
import { readOf, recorded } from '../../activities/hosts/known-refusals.ts';
import { classify, libvirtRules } from '../../activities/hosts/libvirt-refusals.ts';
import { refusalClasses, type RefusalClass } from '../../activities/hosts/refusal-class.ts';
import { faultOfClass, moveFaults } from '../../activities/move/fault.ts';
import { partOfPage } from './made-part.ts';

const page = 'docs/operations/refusals.md';
const marks = ['<!-- made from the rules -->', '<!-- end of what is made -->'] as const;
/** QEMU names the whole of its argument before what is wrong with it. */
const mostShown = 130;

function tables(): string {
  const cases = [...recorded, ...readOf];
  const example = (rule: string): string => {
    const found = cases.find((each) => classify(each, each.call).rule === rule);
    return found ? `${found.code}: ${short(found.text)}` : '';
  };
  const tableOf = (name: RefusalClass): string => {
    const rules = libvirtRules.filter((rule) => rule.class === name);
    const fault = faultOfClass(name);
    return [
      `### \`${name}\``,
      '',
      `${capital(refusalClasses[name])}. After a move whose VM stayed: ${fault ? moveFaults[fault] : 'nobody is to blame, nothing more is tried'}.`,
      '',
      '| what refuses | for example |',
      '|---|---|',
      ...rules.map((rule) => `| ${rule.name}${only(rule.calls)} | \`${example(rule.name)}\` |`),
    ].join('\n');
  };
  return (Object.keys(refusalClasses) as RefusalClass[]).map(tableOf).join('\n\n');
}

function only(calls: readonly string[] | undefined): string {
  return calls ? ` (${calls.join(', ')})` : '';
}

function short(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ').replaceAll('|', '/').replaceAll('`', "'");
  return line.length <= mostShown ? line : `${line.slice(0, 55)} … ${line.slice(-70)}`;
}

function capital(sentence: string): string {
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`;
}

test('the page of the operations guide tells every rule, as it is', () => {
  const made = `\n\n${tables()}\n\n`;
  expect(partOfPage(page, marks, made)).toBe(made);
});
