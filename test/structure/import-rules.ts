/**
 * Who may import whom between the folders of the project; everything that is not allowed here is refused.
 * `npm run check:imports` runs this file; `import-rules.test.ts` shows that it can fail.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseSync } from 'oxc-parser';

interface Rule {
  /** Folders of the project it may import from, besides itself. */
  readonly folders: readonly string[];
  /** Folders it may import types from, and nothing that exists at run time. */
  readonly typesOnly?: readonly string[];
  /** npm packages it may import; absent: any. Tests beside the code may import more. */
  readonly packages?: readonly RegExp[];
}

const everything = [
  'model',
  'policies',
  'workflows',
  'activities',
  'worker',
  'client',
  'settings',
  'lab',
  'demo',
  'bench',
  'test',
  'setup',
];

/** The rules of the layout (README, "Layout"). Processes start one another by path, never by import. */
export const importRules: Readonly<Record<string, Rule>> = {
  model: { folders: [], packages: [/^zod$/] },
  policies: { folders: ['model'], packages: [/^zod$/] },
  settings: { folders: ['model'] },
  workflows: {
    folders: ['model', 'policies'],
    typesOnly: ['activities'],
    packages: [/^@temporalio\/(workflow|common)$/, /^zod$/],
  },
  activities: { folders: ['model', 'policies'] },
  worker: { folders: ['activities', 'settings', 'model', 'client'] },
  client: { folders: ['model', 'settings'] },
  lab: { folders: ['model'] },
  setup: { folders: [] },
  'host-hook': { folders: [] },
  demo: { folders: everything },
  bench: { folders: everything },
  test: { folders: everything },
};

const testPackages = /^(vitest|fast-check|node:.*)$/;

/** Every import of one file that the rules refuse, as a sentence each; `file` is relative to the project. */
export function refusedImports(file: string, source: string): string[] {
  const folder = file.split('/')[0] ?? '';
  const rule = importRules[folder];
  if (!rule) return file.includes('/') ? [`${file}: folder ${folder}/ has no import rule`] : [];
  const isTest = file.endsWith('.test.ts');
  const refused: string[] = [];
  for (const { specifier, typesOnly } of importsOf(file, source)) {
    if (specifier.startsWith('.')) {
      const target = relative('.', join(dirname(file), specifier)).split('/')[0] ?? '';
      if (target === folder || rule.folders.includes(target)) continue;
      if (typesOnly && rule.typesOnly?.includes(target)) continue;
      if (isTest && target === 'test') continue;
      refused.push(`${file}: ${folder}/ may not import ${specifier}${typesOnly ? ' (types)' : ''}`);
    } else if (rule.packages && !rule.packages.some((allowed) => allowed.test(specifier))) {
      if (isTest && testPackages.test(specifier)) continue;
      refused.push(`${file}: ${folder}/ may not import the package ${specifier}`);
    }
  }
  return refused;
}

function importsOf(file: string, source: string): { specifier: string; typesOnly: boolean }[] {
  const { module, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  return [
    ...module.staticImports.map((found) => ({
      specifier: found.moduleRequest.value,
      typesOnly: found.entries.length > 0 && found.entries.every((entry) => entry.isType),
    })),
    ...module.staticExports.flatMap((found) =>
      found.entries.flatMap((entry) =>
        entry.moduleRequest ? [{ specifier: entry.moduleRequest.value, typesOnly: entry.isType }] : [],
      ),
    ),
    ...module.dynamicImports.flatMap((found) => {
      const text = source.slice(found.moduleRequest.start, found.moduleRequest.end);
      return /^['"]/.test(text) ? [{ specifier: text.slice(1, -1), typesOnly: false }] : [];
    }),
  ];
}

if (import.meta.main) {
  const refused = globSync('*/**/*.ts', { exclude: ['node_modules/**'] }).flatMap((file) =>
    refusedImports(file, readFileSync(file, 'utf8')),
  );
  for (const sentence of refused) console.error(sentence);
  if (refused.length > 0) {
    console.error(`${refused.length} imports are against the rules in test/structure/import-rules.ts`);
    process.exit(1);
  }
}
