/** The first line of every operation: its input, checked, or a failure that says what is allowed. */
import { ApplicationFailure, inWorkflowContext } from '@temporalio/workflow';
import { z } from 'zod';
import { permanent } from '../model/failures.ts';
import { escaped, inCode } from '../model/markdown.ts';
import { plainIssue } from '../model/plain-issue.ts';
import { linkToStart, showPage } from './page.ts';

/**
 * The input in its schema's form, with defaults.
 * A thrown ZodError would fail the workflow task, which is retried for ever: so it never leaves this function.
 * @param example shown to the person whose input is refused
 * @throws ApplicationFailure `InvalidInput` that names each key with the value it has and what is allowed
 */
export function parseInput<T extends z.ZodType>(
  workflow: string,
  schema: T,
  input: unknown,
  example: unknown,
): z.output<T> {
  const parsed = schema.safeParse(input, { reportInput: true });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'the input'}: ${problem(issue)}`,
  );
  const message =
    `The input of ${workflow} is not valid. ${problems.join('; ')}. It is one JSON object such as ${JSON.stringify(example)}; ` +
    `allowed keys: ${keysOf(schema).join(', ')}.`;
  if (inWorkflowContext()) showRefusal(workflow, message, example);
  throw ApplicationFailure.create(
    permanent(
      'InvalidInput',
      message,
      parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
    ),
  );
}

/** For whoever typed it into the Temporal UI's Start dialog. */
function showRefusal(workflow: string, message: string, example: unknown): void {
  showPage([
    `**Refused: InvalidInput.** ${escaped(message)}`,
    '**What it means:** nothing was done.',
    `**What to do next:** ${linkToStart(`start ${workflow}`, workflow)} again, under an id of its own, with an input such as ${inCode(JSON.stringify(example))}; all keys: ${inCode(`drover schema ${workflow}`)}.`,
  ]);
}

function problem(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `unknown key ${issue.keys.join(', ')}`;
  if (issue.code === 'invalid_type') {
    return issue.input === undefined
      ? 'is missing'
      : `must be of type ${issue.expected}, not ${shown(issue.input)}`;
  }
  const plain = plainIssue(issue);
  return 'input' in issue ? `${shown(issue.input)}: ${plain}` : plain;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function keysOf(schema: z.ZodType): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}
