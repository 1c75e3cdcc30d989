/** What a schema says is wrong with a value, in words for whoever wrote the value. */
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** The schema's own sentence where it has one; else what must be, in place of the library's text. */
export function plainIssue(issue: Issue): string {
  if (!/^(Too (small|big)|Invalid (input|option)|Unrecognized)/.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'too_small':
      return `must be ${issue.inclusive === false ? 'above' : 'at least'} ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `must be ${issue.inclusive === false ? 'below' : 'at most'} ${issue.maximum}${unitOf(issue.origin)}`;
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
    case 'invalid_type':
      if (issue.message.endsWith('received undefined')) return 'is missing';
      return `must be ${plainType(issue.expected)}`;
    case 'unrecognized_keys':
      return `has no key ${issue.keys.join(', ')}`;
    default:
      return issue.message;
  }
}

/** A type of the schema as a person says it. */
export function plainType(expected: string): string {
  return plainTypes[expected] ?? `of type ${expected}`;
}

const plainTypes: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys to values',
  record: 'a map of names to values',
};

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters long';
  return origin === 'array' ? ' entries long' : '';
}
