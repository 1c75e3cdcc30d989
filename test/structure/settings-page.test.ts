/**
 * docs/settings.md has every key of `drover.yaml`: its table is made from the schema. After a change of the schema
 * `RECORD_PAGE=1 npx vitest run --project unit test/structure/settings-page.test.ts` writes it anew.
 */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { SettingsSchema } from '../../settings/schema.ts';
import { partOfPage } from './made-part.ts';

const page = 'docs/settings.md';
const marks = ['<!-- made from the schema -->', '<!-- end of what is made -->'] as const;

type Schema = {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
};

/** Below the named key; `clusters.NAME` for a key that people choose. */
function rows(schema: Schema, path: string): string[] {
  const { properties = {}, additionalProperties } = schema;
  const named = Object.entries(properties).flatMap(([key, value]) => {
    const isRequired = (schema.required ?? []).includes(key);
    return [row(join(path, key), value, isRequired), ...rows(value, join(path, key))];
  });
  const chosen = typeof additionalProperties === 'object' ? additionalProperties : undefined;
  return [...named, ...(chosen?.properties ? rows(chosen, join(path, 'NAME')) : [])];
}

function row(path: string, schema: Schema, isRequired: boolean): string {
  const byDefault = schema.default === undefined ? (isRequired ? 'needed' : '') : shown(schema.default);
  const cells = [`\`${path}\``, typeOf(schema), byDefault, schema.description ?? ''];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

function typeOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((each) => `\`${String(each)}\``).join(', ');
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}`;
  if (schema.type === 'object') return schema.properties ? 'keys below' : 'by name';
  return `${schema.type ?? 'any'}${range(schema)}`;
}

function range({ minimum, maximum, exclusiveMinimum, type }: Schema): string {
  // The schema says the range of numbers of every integer.
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  const least = minimum === Number.MIN_SAFE_INTEGER ? undefined : (minimum ?? exclusiveMinimum);
  if (type !== 'integer' && type !== 'number') return '';
  const from = least === undefined ? '' : ` ${exclusiveMinimum === undefined ? 'from' : 'above'} ${least}`;
  return `${from}${most === undefined ? '' : ` to ${most}`}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text === '{}' || text === '[]' ? '' : `\`${text}\``;
}

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

test('every key of the settings stands on its page, as the schema has it', () => {
  const schema = z.toJSONSchema(SettingsSchema, { io: 'input', unrepresentable: 'any', reused: 'inline' });
  const table = ['| key | takes | default | |', '|---|---|---|---|', ...rows(schema as Schema, '')];
  const made = `\n\n${table.join('\n')}\n\n`;
  expect(partOfPage(page, marks, made)).toBe(made);
});
