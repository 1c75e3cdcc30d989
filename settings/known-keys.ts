/** What may stand at a place of the settings, for whoever wrote something else there. */
import { z } from 'zod';
import { SettingsSchema } from './schema.ts';

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
}

/** `did you mean KEY?`, or all that is allowed there. @param path of the map that has the unknown key */
export function hintFor(path: readonly PropertyKey[], unknown: string): string {
  const known = keysAt(path);
  const nearest = known
    .map((key) => ({ key, distance: distanceOf(unknown.toLowerCase(), key.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance)[0];
  if (nearest && nearest.distance <= 2) return `did you mean ${nearest.key}?`;
  return known.length > 0 ? `allowed are ${known.join(', ')}` : 'nothing is';
}

function keysAt(path: readonly PropertyKey[]): string[] {
  let node = z.toJSONSchema(SettingsSchema, { io: 'input', unrepresentable: 'any' }) as Node | undefined;
  for (const key of path) {
    const other = node?.additionalProperties;
    node = node?.properties?.[String(key)] ?? (typeof other === 'object' ? other : undefined) ?? node?.items;
  }
  return Object.keys(node?.properties ?? {});
}

/** Letters to change, insert or leave out; 0 or 1 where one is the beginning of the other. */
export function distanceOf(left: string, right: string): number {
  if (left.length >= 3 && (right.startsWith(left) || left.startsWith(right))) return left === right ? 0 : 1;
  let row = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (const [at, letter] of Array.from(left).entries()) {
    const next = [at + 1];
    for (const [column, other] of Array.from(right).entries())
      next.push(
        Math.min(
          (row[column] ?? 0) + (letter === other ? 0 : 1),
          (row[column + 1] ?? 0) + 1,
          (next[column] ?? 0) + 1,
        ),
      );
    row = next;
  }
  return row.at(-1) ?? 0;
}
