/** What may come next on a line of `drover`: by the verbs, options and arguments as commander knows them. */
import type { Argument, Command, Option } from 'commander';
import { define } from './program.ts';

/** Live names of which a kind is wanted, as `KnownNames` finds them. */
export type NameKind = 'vms' | 'hosts' | 'operations' | 'labels';

export interface Completion {
  readonly value: string;
  readonly description?: string;
}

export type Completions = readonly Completion[] | 'files';
export type AskNames = (kind: NameKind, settingsFile: string | undefined) => Promise<readonly Completion[]>;

/** What arguments and options name. */
const named: Readonly<Record<string, NameKind | 'files'>> = {
  vm: 'vms',
  host: 'hosts',
  hosts: 'hosts',
  operation: 'operations',
  labels: 'labels',
  file: 'files',
};

/**
 * @param words all of the line behind `drover`, the last one as far as it was typed
 * @param names asked only where such are wanted
 */
export async function completionsFor(
  program: Command,
  words: readonly string[],
  names: AskNames,
): Promise<Completions> {
  const typed = words.at(-1) ?? '';
  const line = await readLine(program, words.slice(0, -1));
  const valued = line.open ?? optionWithValue(line, typed);
  const wanted = await (valued ? ofOption(valued, line, names) : ofVerb(line, typed, names));
  if (wanted === 'files') return wanted;
  const prefix = valued && !line.open ? typed.slice(0, typed.indexOf('=') + 1) : '';
  return wanted
    .map((one) => ({ ...one, value: prefix + one.value }))
    .filter(({ value }) => value.startsWith(typed));
}

interface Line {
  readonly program: Command;
  readonly verb?: Command;
  /** Arguments of the verb so far. */
  readonly operands: readonly string[];
  /** The option whose value comes next. */
  readonly open?: Option;
  readonly settingsFile?: string;
}

async function readLine(program: Command, before: readonly string[]): Promise<Line> {
  let verb: Command | undefined;
  let open: Option | undefined;
  let settingsFile: string | undefined;
  const operands: string[] = [];
  for (const word of before) {
    if (open) {
      if (open.attributeName() === 'settings') settingsFile = word;
      open = undefined;
    } else if (word.startsWith('-')) {
      const option = optionsOf(program, verb).find(({ short, long }) => word === short || word === long);
      if (option?.required) open = option;
      if (word.startsWith('--settings=')) settingsFile = word.slice('--settings='.length);
    } else if (verb) operands.push(word);
    else {
      verb = program.commands.find((one) => one.name() === word);
      if (!verb) return { program, operands: [word] };
      await define(verb);
    }
  }
  return {
    program,
    operands,
    ...(verb ? { verb } : {}),
    ...(open ? { open } : {}),
    ...(settingsFile === undefined ? {} : { settingsFile }),
  };
}

function optionsOf(program: Command, verb: Command | undefined): readonly Option[] {
  const help = program.createHelp();
  return [...(verb ? help.visibleOptions(verb) : []), ...help.visibleOptions(program)];
}

/** Of `--to=ho`. */
function optionWithValue({ program, verb }: Line, typed: string): Option | undefined {
  const [name, value] = typed.split('=', 2);
  if (value === undefined || !typed.startsWith('--')) return undefined;
  return optionsOf(program, verb).find(({ long, required }) => required && long === name);
}

async function ofOption(option: Option, { settingsFile }: Line, names: AskNames): Promise<Completions> {
  if (option.argChoices) return option.argChoices.map((value) => ({ value }));
  const [, what = ''] = /<([\w-]+)>/.exec(option.flags) ?? [];
  const kind = named[what];
  if (kind === undefined || kind === 'files') return kind ?? [];
  return await names(kind, settingsFile);
}

async function ofVerb(line: Line, typed: string, names: AskNames): Promise<Completions> {
  const { program, verb, operands } = line;
  if (typed.startsWith('-')) {
    const seen = new Map(
      optionsOf(program, verb).map((option) => [option.long ?? option.short ?? '', option]),
    );
    return [...seen].map(([value, { description }]) => ({ value, description }));
  }
  if (!verb) {
    if (operands.length > 0) return [];
    const shown = program.createHelp().visibleCommands(program);
    return shown.map((one) => ({ value: one.name(), description: one.description() }));
  }
  const last = verb.registeredArguments.at(-1);
  const argument = verb.registeredArguments[operands.length] ?? (last?.variadic ? last : undefined);
  if (!argument) return [];
  if (argument.argChoices) return argument.argChoices.map((value) => ({ value }));
  const kind = kindOf(argument, operands);
  if (kind === undefined || kind === 'files') return kind ?? [];
  return await names(kind, line.settingsFile);
}

/** The name that `describe` takes is of the kind that stands before it. */
function kindOf(argument: Argument, operands: readonly string[]): NameKind | 'files' | undefined {
  return named[argument.name()] ?? named[(operands.at(-1) ?? '').replace(/s$/, '')];
}
