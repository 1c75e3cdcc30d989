/** `-l KEY=VALUE,KEY!=VALUE,KEY,!KEY`, as kubectl has it: all of it must hold. */
import { Option } from 'commander';
import { didYouMean } from '../near-names.ts';
import { UsageError } from './exit.ts';

/** What a thing is selected by. */
export type Labels = Readonly<Record<string, string>>;

export interface Requirement {
  readonly key: string;
  /** `notBe` holds also of what does not have the key. */
  readonly must: 'be' | 'notBe' | 'exist' | 'notExist';
  readonly value?: string;
}

/** `-l`, any number of times. */
export function selectorOption(): Option {
  return new Option(
    '-l, --selector <labels>',
    'only those with these labels: KEY=VALUE, KEY!=VALUE, KEY, !KEY, several with commas',
  ).argParser((text: string, earlier?: readonly Requirement[]) => [
    ...(earlier ?? []),
    ...parseSelector(text),
  ]);
}

const form =
  /^(?:(?<absent>!)\s*(?<none>[\w.-]+)|(?<key>[\w.-]+)(?:\s*(?<sign>!=|==?)\s*(?<value>[^=!,]*))?)$/;

/** @throws UsageError for what is no selector */
export function parseSelector(text: string): Requirement[] {
  return text.split(',').map((part) => {
    const { absent, none, key, sign, value } = form.exec(part.trim())?.groups ?? {};
    if (absent && none) return { key: none, must: 'notExist' };
    if (!key || (sign && !value?.trim()))
      throw new UsageError(
        `-l ${JSON.stringify(text)}: ${part.trim() === '' ? 'a part is empty' : `${JSON.stringify(part.trim())} is no label`}; give KEY=VALUE, KEY!=VALUE, KEY or !KEY, several with commas`,
      );
    if (!sign) return { key, must: 'exist' };
    return { key, must: sign === '!=' ? 'notBe' : 'be', value: value?.trim() ?? '' };
  });
}

export function selects(requirements: readonly Requirement[], labels: Labels): boolean {
  return requirements.every(({ key, must, value }) => {
    const actual = Object.hasOwn(labels, key) ? labels[key] : undefined;
    if (must === 'exist') return actual !== undefined;
    if (must === 'notExist') return actual === undefined;
    return (actual === value) === (must === 'be');
  });
}

/** @throws UsageError for a key that no such thing can have, with those that it can */
export function checkKeys(
  requirements: readonly Requirement[],
  known: readonly string[],
  what: string,
): void {
  for (const { key } of requirements)
    if (!known.includes(key))
      throw new UsageError(
        `${what} have no label ${key}; they have: ${known.join(', ')}${didYouMean(key, known)}`,
      );
}

/** What to say where a selector left nothing over: the values that a key has, where the one asked for is none. */
export function nothingSelected(
  requirements: readonly Requirement[],
  all: readonly Labels[],
  what: string,
): string {
  const typed = requirements.map(textOf).join(',');
  for (const { key, must, value = '' } of requirements) {
    const values = [...new Set(all.flatMap((labels) => labels[key] ?? []))];
    if (must === 'be' && !values.includes(value))
      return `none of ${all.length} ${what} has ${typed}: ${key} is ${few(values)}${didYouMean(value, values)}`;
  }
  return `none of ${all.length} ${what} has ${typed}`;
}

function few(values: readonly string[]): string {
  if (values.length === 0) return 'known of none';
  return values.slice(0, 6).join(', ') + (values.length > 6 ? ` and ${values.length - 6} more` : '');
}

function textOf({ key, must, value = '' }: Requirement): string {
  if (must === 'exist' || must === 'notExist') return must === 'exist' ? key : `!${key}`;
  return `${key}${must === 'be' ? '=' : '!='}${value}`;
}
