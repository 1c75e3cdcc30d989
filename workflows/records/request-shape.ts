/** Whether a request has its shape. No schemas: those would be built anew for each run of each record. */

import { ranks } from '../../model/ranks.ts';

type Kind = 'string' | 'number' | 'boolean' | 'object';

/** What each key of a request must be: of a kind (`?` allows it to be absent), one of some words, or a shape itself. */
export interface Shape {
  readonly [key: string]: Kind | `${Kind}?` | readonly string[] | Shape;
}

/** An operation as records know it. */
export const claimantShape: Shape = { workflowId: 'string', runId: 'string?', kind: 'string', rank: ranks };

/** The first problem of a request as a sentence; undefined when it has its shape. */
export function problemOfShape(request: unknown, shape: Shape, path = 'the request'): string | undefined {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    return `${path} must be an object, not ${shown(request)}`;
  }
  for (const [key, wanted] of Object.entries(shape)) {
    const value = (request as Record<string, unknown>)[key];
    const problem =
      typeof wanted === 'string'
        ? problemOfKind(value, wanted, key)
        : isWords(wanted)
          ? problemOfWord(value, wanted, key)
          : problemOfShape(value, wanted, key);
    if (problem) return problem;
  }
  return undefined;
}

function problemOfKind(value: unknown, wanted: Kind | `${Kind}?`, key: string): string | undefined {
  const kind = wanted.replace('?', '');
  if (value === undefined && kind !== wanted) return undefined;
  if (typeof value === kind && value !== null) return undefined;
  return `${key} must be of type ${kind}, not ${shown(value)}`;
}

function isWords(wanted: readonly string[] | Shape): wanted is readonly string[] {
  return Array.isArray(wanted);
}

function problemOfWord(value: unknown, words: readonly string[], key: string): string | undefined {
  if (typeof value === 'string' && words.includes(value)) return undefined;
  return `${key} must be one of ${words.join(', ')}, not ${shown(value)}`;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80);
}
