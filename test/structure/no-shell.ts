/**
 * No text is ever read by a shell of this machine: programs are started with a list of arguments. Refuses `exec` and
 * `execSync` of node:child_process, execa's one-string and template forms, and the option `shell`.
 */
import { parseSync, Visitor } from 'oxc-parser';

/** Every place of a file where a shell, or a single text for a command, could come in; as a sentence each. */
export function shellUses(file: string, source: string): string[] {
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  const found: string[] = [];
  const say = (start: number, what: string): void => {
    const line = source.slice(0, start).split('\n').length;
    found.push(`${file}:${line}: ${what}`);
  };
  const starters = new Set<string>();
  new Visitor({
    ImportDeclaration: ({ source: { value: from }, specifiers, start }) => {
      if (!/^(node:)?child_process$|^execa$/.test(from)) return;
      for (const specifier of specifiers) {
        if (specifier.type !== 'ImportSpecifier') {
          say(start, `imports all of ${from}: import what is used by its name`);
          continue;
        }
        const name = specifier.imported.type === 'Identifier' ? specifier.imported.name : '';
        if (bannedImports.has(name))
          say(start, `${name} gives a text to a shell: use execa(FILE, [ARGUMENTS])`);
        if (starting.has(name)) starters.add(specifier.local.name);
      }
    },
    CallExpression: ({ callee, arguments: given, start }) => {
      if (callee.type !== 'Identifier' || !starters.has(callee.name)) return;
      const [, args] = given;
      if (args === undefined || args.type === 'ObjectExpression')
        say(start, `${callee.name} without a list of arguments: give one, if only []`);
    },
    TaggedTemplateExpression: ({ tag, start }) => {
      if (tag.type === 'Identifier' && starters.has(tag.name))
        say(start, `${tag.name} with a template: use ${tag.name}(FILE, [ARGUMENTS])`);
    },
    Property: ({ key, start }) => {
      const name = key.type === 'Identifier' ? key.name : key.type === 'Literal' ? key.value : undefined;
      if (name === 'shell') say(start, 'the option shell has a shell read the arguments: leave it out');
    },
  }).visit(program);
  return found;
}

const bannedImports = new Set(['exec', 'execSync', 'execaCommand', 'execaCommandSync', '$']);
const starting = new Set([
  'spawn',
  'spawnSync',
  'execFile',
  'execFileSync',
  'execa',
  'execaSync',
  'execaNode',
]);
