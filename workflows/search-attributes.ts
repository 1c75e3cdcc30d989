/** What the Temporal UI's list shows of an operation and can be searched by. */
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
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
