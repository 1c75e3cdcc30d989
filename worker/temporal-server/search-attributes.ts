/** The search attributes of Drover's workflows with their types, as Temporal names them. */
import { searchAttributes } from '../../model/operations.ts';

const { needsOperator, ...keywords } = searchAttributes;

/** Name to type. */
export const searchAttributeTypes: Readonly<Record<string, 'Keyword' | 'Bool'>> = {
  ...Object.fromEntries(Object.values(keywords).map((name) => [name, 'Keyword' as const])),
  [needsOperator]: 'Bool',
};
