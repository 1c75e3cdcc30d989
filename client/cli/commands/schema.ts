import { Argument, type Command } from 'commander';
import { z } from 'zod';
import { operationInputs, type OperationName } from '../../../model/operations.ts';
import { SettingsSchema } from '../../../settings/schema.ts';
import { addExamples } from '../examples.ts';
import { UsageError } from '../exit.ts';
import { didYouMean } from '../../near-names.ts';

/** `drover schema WORKFLOW|settings`: the JSON Schema, and an example to type into the Start dialog. */
export function defineSchema(verb: Command): void {
  const names = [...Object.keys(operationInputs), 'settings'];
  const nameArgument = new Argument('<name>', 'of what').choices(names).argParser((name) => {
    if (names.includes(name)) return name;
    throw new UsageError(`there is no schema ${name}: ${names.join(', ')}${didYouMean(name, names)}`);
  });
  verb.addArgument(nameArgument).action((name: string) => {
    const schema = name === 'settings' ? SettingsSchema : operationInputs[name as OperationName];
    console.log(JSON.stringify(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), null, 2));
  });
  addExamples(verb, {
    'drover schema migrateVm': 'what the Start dialog of the Temporal UI takes, with examples',
    'drover schema settings > drover.schema.json': 'for an editor that checks drover.yaml',
  });
}
