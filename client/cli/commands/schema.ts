import type { Command } from 'commander';
import { z } from 'zod';
import { operationInputs, type OperationName } from '../../../model/operations.ts';
import { SettingsSchema } from '../../../settings/schema.ts';
import { UsageError } from '../exit.ts';

/** `drover schema WORKFLOW|settings`: the JSON Schema, and an example to type into the Start dialog. */
export function registerSchema(program: Command): void {
  const names = [...Object.keys(operationInputs), 'settings'];
  program
    .command('schema')
    .description("print the JSON Schema of an operation's input, or of the settings file")
    .argument('<name>', names.join(', '))
    .action((name: string) => {
      if (!names.includes(name)) throw new UsageError(`there is no schema ${name}: ${names.join(', ')}`);
      const schema = name === 'settings' ? SettingsSchema : operationInputs[name as OperationName];
      console.log(JSON.stringify(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), null, 2));
    });
}
