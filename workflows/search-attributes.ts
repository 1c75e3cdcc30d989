/** What the Temporal UI's list shows of an operation and can be searched by. */
import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import {
  defineSearchAttributeKey,
  type SearchAttributePair,
  type SearchAttributeUpdatePair,
} from '@temporalio/common';
import { searchAttributes } from '../model/operations.ts';

const keys = {
  kind: defineSearchAttributeKey(searchAttributes.kind, 'KEYWORD'),
  vm: defineSearchAttributeKey(searchAttributes.vm, 'KEYWORD'),
  host: defineSearchAttributeKey(searchAttributes.host, 'KEYWORD'),
  state: defineSearchAttributeKey(searchAttributes.state, 'KEYWORD'),
} as const;
const needsOperatorKey = defineSearchAttributeKey(searchAttributes.needsOperator, 'BOOL');

/** The pairs to set; what is not given stays as it is. */
export function searchAttributesOf(
  values: { readonly [K in keyof typeof keys]?: string } & { readonly needsOperator?: boolean },
): SearchAttributePair[] {
  const { needsOperator, ...words } = values;
  const pairs: SearchAttributePair[] = [];
  for (const name of ['kind', 'vm', 'host', 'state'] as const) {
    const value = words[name];
    if (value !== undefined) pairs.push({ key: keys[name], value });
  }
  if (needsOperator !== undefined) pairs.push({ key: needsOperatorKey, value: needsOperator });
  return pairs;
}

/**
 * Lists an operation as begun. The UI's Start dialog fills in the search attributes of the newest run of its type: what
 * is that one's end (its host, that it needed a person) is taken away.
 */
export function beginListed(of: { readonly kind: string; readonly vm?: string }): void {
  const given = workflowInfo().typedSearchAttributes;
  const foreign: SearchAttributeUpdatePair[] = [];
  if (given.get(keys.host) !== undefined) foreign.push({ key: keys.host, value: null });
  if (given.get(needsOperatorKey) !== undefined) foreign.push({ key: needsOperatorKey, value: null });
  upsertSearchAttributes([...searchAttributesOf({ ...of, state: 'running' }), ...foreign]);
}
