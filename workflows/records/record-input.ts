/** What a record is started with, checked: an input that is none would fail its first task for ever. */
import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { permanent } from '../../model/failures.ts';
import { problemOfShape, type Shape } from './request-shape.ts';

/**
 * @param kind the key that names the record's subject, and the first part of its id: `vm/web1`
 * @param carried the shape of what it takes along when it continues as new
 * @throws ApplicationFailure `InvalidInput`
 */
export function checkRecordInput(kind: 'vm' | 'host', input: unknown, carried: Shape): void {
  const { workflowId, workflowType } = workflowInfo();
  const problem =
    problemOfShape(input, { [kind]: 'string', carried: 'object?', mostEvents: 'number?' }, 'the input') ??
    problemOfCarried(kind, input as Record<string, unknown>, carried) ??
    problemOfId(`${kind}/${String((input as Record<string, unknown>)[kind])}`, workflowId);
  if (problem === undefined) return;
  throw ApplicationFailure.create(
    permanent(
      'InvalidInput',
      `The input of ${workflowType} is not valid: ${problem}. Drover makes its records by itself, of every ${kind} that it sees; nobody has to start one.`,
    ),
  );
}

function problemOfCarried(kind: string, input: Record<string, unknown>, shape: Shape): string | undefined {
  const { carried } = input;
  if (carried === undefined) return undefined;
  const of = (carried as Record<string, unknown>)[kind];
  if (of !== input[kind]) return `carried is of ${JSON.stringify(of)}, not of ${JSON.stringify(input[kind])}`;
  return problemOfShape(carried, shape, 'carried');
}

function problemOfId(wanted: string, id: string): string | undefined {
  return id === wanted ? undefined : `the workflow id must be ${wanted}, not ${id}`;
}
