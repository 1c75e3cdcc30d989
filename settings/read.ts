/** Reads `drover.yaml` and says in plain words, with line and column, what is wrong with it. */
import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { plainIssue, plainType } from '../model/plain-issue.ts';
import { hintFor } from './known-keys.ts';
import { unreadableSecrets, type SecretPurpose } from './needed-secrets.ts';
import { ruleProblems } from './rules.ts';
import { SettingsSchema, type Settings } from './schema.ts';

/** Where Drover looks when `--settings` and DROVER_SETTINGS are not given. */
export const defaultSettingsPaths = ['drover.yaml', '/etc/drover/drover.yaml'] as const;

/** One thing that is wrong with the settings. */
export interface SettingsProblem {
  /** `line:column`, where the text has such a place. */
  readonly place?: string;
  /** The key, as `clusters.berlin.hosts.host1.uri`. */
  readonly path: string;
  readonly message: string;
}

/** The settings can't be used; `problems` lists everything that is wrong with them at once. */
export class SettingsError extends Error {
  readonly file: string;
  readonly problems: readonly SettingsProblem[];

  constructor(file: string, problems: readonly SettingsProblem[]) {
    super(
      problems
        .map(
          ({ place, path, message }) =>
            `${file}${place ? `:${place}` : ''}: ${path ? `${path} ` : ''}${message}`,
        )
        .join('\n'),
    );
    this.name = 'SettingsError';
    this.file = file;
    this.problems = problems;
  }
}

function unreadable({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'EISDIR') return 'is a folder: name a file with --settings FILE';
  const what = code === 'ENOENT' ? 'write it' : 'see to it';
  return `can't be read (${code ?? message}): ${what}, or name another with --settings FILE`;
}

export interface ReadOptions {
  /**
   * Whoever will use the secrets that the settings name, all or those for some purposes: that each can be read is checked
   * now, and kept nowhere. Default false: somebody who only looks need not have them.
   */
  readonly needsSecrets?: boolean | readonly SecretPurpose[];
}

/** The settings of a file. @throws SettingsError when it can't be read or does not follow the schema */
export function readSettings(file: string, options: ReadOptions = {}): Settings {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new SettingsError(file, [{ path: '', message: unreadable(error as NodeJS.ErrnoException) }]);
  }
  return parseSettings(text, file, options);
}

/**
 * The settings of a text.
 * @param file the name that messages carry
 * @throws SettingsError with every problem at once: YAML syntax, unknown keys, wrong types, names used twice,
 *   references to what does not exist, secrets that are needed and not set
 */
export function parseSettings(
  text: string,
  file: string,
  { needsSecrets = false, env = process.env }: ReadOptions & { readonly env?: NodeJS.ProcessEnv } = {},
): Settings {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  if (document.errors.length > 0) {
    throw new SettingsError(
      file,
      document.errors.map((error) => {
        const { line, col } = lines.linePos(error.pos[0]);
        const what =
          error.code === 'DUPLICATE_KEY'
            ? `names the key ${keyAt(text, error.pos[0])} twice`
            : (error.message.split('\n')[0] ?? '');
        return {
          place: `${line}:${col}`,
          path: '',
          message: visible(what.replace(/ at line \d+, column \d+:?$/, '')),
        };
      }),
    );
  }
  const place = (path: readonly PropertyKey[]): Pick<SettingsProblem, 'place'> => {
    const offset = offsetOf(document, path);
    if (offset === undefined) return {};
    const { line, col } = lines.linePos(offset);
    return { place: `${line}:${col}` };
  };
  const parsed = SettingsSchema.safeParse(valueOf(document, file), { reportInput: true });
  if (!parsed.success) {
    throw new SettingsError(
      file,
      parsed.error.issues.flatMap((issue) =>
        problemsOf(issue).map((found) => ({
          ...place(found.keys),
          path: pathText(found.keys),
          message: found.message,
        })),
      ),
    );
  }
  const problems = [...crossReferences(parsed.data), ...unreadableSecrets(parsed.data, needsSecrets, env)];
  if (problems.length > 0) {
    throw new SettingsError(
      file,
      problems.map(({ keys, message }) => ({ ...place(keys), path: pathText(keys), message })),
    );
  }
  return parsed.data;
}

/** The key that is written at an offset, without its quotes. */
function keyAt(text: string, offset: number): string {
  const [key = ''] = /^("[^"]*"|'[^']*'|[^\s:,{}[\]]+)/.exec(text.slice(offset, offset + 200)) ?? [];
  return pathText([key.replaceAll(/^["']|["']$/g, '')]);
}

/** @throws SettingsError when aliases stand for more than a settings file can be */
function valueOf(document: Document, file: string): unknown {
  try {
    return document.toJS() ?? {};
  } catch (error) {
    throw new SettingsError(file, [{ path: '', message: `can't be read: ${(error as Error).message}` }]);
  }
}

interface Found {
  readonly keys: readonly PropertyKey[];
  readonly message: string;
}

function problemsOf(issue: z.core.$ZodIssue): Found[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        keys: [...issue.path, key],
        message: `is no key that Drover knows here: ${hintFor(issue.path, key)}`,
      }));
    case 'invalid_key':
      return issue.issues.map((inner) => ({ keys: issue.path, message: `as a name ${plainIssue(inner)}` }));
    case 'invalid_type':
      return issue.input === undefined
        ? [{ keys: issue.path, message: 'is missing' }]
        : [{ keys: issue.path, message: `must be ${plainType(issue.expected)}, not ${inputOf(issue)}` }];
    case 'invalid_union': {
      const inner = issue.errors.flat().map(plainIssue);
      return [{ keys: issue.path, message: `${inputOf(issue)}: ${[...new Set(inner)].join('; or ')}` }];
    }
    default:
      return [
        { keys: issue.path, message: `${'input' in issue ? `${inputOf(issue)} ` : ''}${plainIssue(issue)}` },
      ];
  }
}

/** The value that was given; a secret that stands where its reference should is not repeated. */
function inputOf({ path, input }: z.core.$ZodIssue): string {
  const isSecret =
    path.includes('secrets') || path[2] === 'keys' || ['token', 'tokenEnv'].includes(String(path.at(-1)));
  return isSecret ? 'a value' : shown(input);
}

function shown(value: unknown): string {
  const text = visible(JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Text of the file without control characters, which could forge lines of a log or move a terminal's cursor. */
function visible(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Zl}\p{Zp}]/gu,
    (found) => `\\u${(found.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

/** `clusters.berlin.hosts."web 1"`: a key that could be misread is quoted, a long one cut. */
function pathText(keys: readonly PropertyKey[]): string {
  return keys
    .map(String)
    .map((key) => (/^\w[\w.-]{0,62}$/.test(key) ? key : shown(key)))
    .join('.');
}

/** Names that stand for something elsewhere in the file. */
function crossReferences(settings: Settings): Found[] {
  const found: Found[] = [];
  const clusterOf = new Map<string, string>();
  const uriOf = new Map<string, string>();
  for (const [cluster, { hosts }] of Object.entries(settings.clusters)) {
    for (const [host, { uri }] of Object.entries(hosts)) {
      const keys = ['clusters', cluster, 'hosts', host];
      const elsewhere = clusterOf.get(host);
      if (elsewhere)
        found.push({ keys, message: `is a host of cluster ${elsewhere} too: a host's name is unique` });
      clusterOf.set(host, cluster);
      const twin = uriOf.get(uri);
      if (twin) found.push({ keys: [...keys, 'uri'], message: `is the address of ${twin} too` });
      uriOf.set(uri, host);
    }
  }
  const { keys = {}, current } = settings.temporal.codec ?? {};
  if (current !== undefined && !Object.hasOwn(keys, current))
    found.push({
      keys: ['temporal', 'codec', 'current'],
      message: `names ${current}, which is no key (keys: ${Object.keys(keys).join(', ')})`,
    });
  for (const [vm, { avoid, apartFrom }] of Object.entries(settings.vms)) {
    for (const [at, host] of avoid.entries()) {
      if (!clusterOf.has(host)) {
        found.push({
          keys: ['vms', vm, 'avoid', at],
          message: `names ${host}, which is no host (hosts: ${[...clusterOf.keys()].join(', ')})`,
        });
      }
    }
    for (const [at, other] of apartFrom.entries()) {
      if (other === vm) found.push({ keys: ['vms', vm, 'apartFrom', at], message: 'is the VM itself' });
    }
  }
  for (const { rule, key = [], message } of ruleProblems(settings))
    found.push({ keys: ['rules', rule, ...key], message });
  return found;
}

/** The place of a key in the text, or of the nearest key above it. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const keys = path.slice(0, length).map((key) => (typeof key === 'symbol' ? key.toString() : key));
    const parent = length === 1 ? document.contents : document.getIn(keys.slice(0, -1), true);
    const pair = (
      parent as { items?: { key?: { value?: unknown; range?: [number, number, number] } }[] } | undefined
    )?.items?.find?.((item) => item.key?.value === keys[length - 1]);
    const node = pair?.key ?? document.getIn(keys, true);
    const range = (node as { range?: [number, number, number] } | undefined)?.range;
    if (range) return range[0];
  }
  return undefined;
}
