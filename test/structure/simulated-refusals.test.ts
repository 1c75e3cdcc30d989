/**
 * The simulated datacenter refuses in libvirt's codes and words, so that they have the class that a real host's would
 * have: every refusal in its code is read out of it, and must be known by a rule.
 */
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseSync } from 'oxc-parser';
import { expect, test } from 'vitest';
import type { HostCall } from '../../activities/hosts/driver.ts';
import { classify } from '../../activities/hosts/libvirt-refusals.ts';
import { Refusal, type RefusalCode } from '../../lab/simulated/refusal.ts';

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** A place in the code that refuses; without `codes` or `texts` where it hands on what another place says. */
interface Place {
  readonly where: string;
  readonly codes?: readonly string[];
  readonly texts?: readonly string[];
}

/** Methods of a simulated migration that end it with a refusal, and the code that they give it. */
const endings: ReadonlyMap<string, string> = new Map([
  ['fail', 'OPERATION_FAILED'],
  ['rollBack', 'INTERNAL_ERROR'],
  ['loseTarget', 'OPERATION_FAILED'],
]);

/** What no session of a host is told. */
const unheard = [
  /^bmc\.ts/, // a BMC's answer
  /^faults\.ts/, // a person at the simulation's own controls, as are the next two
  /the simulated datacenter has no host/,
  /host\.state/,
];

/** Places that hand on what others say, each with where that is looked at. */
const handedOn = [
  'migration.ts: new Refusal(code, message)', // fail
  "migration.ts: new Refusal('INTERNAL_ERROR', message)", // rollBack
  "migration.ts: new Refusal('RPC', message)", // the source's libvirtd is gone, and with it who would hear of it
  'migration.ts: this.#rollBack(message)', // loseTarget; or as above
  'migration.ts: this.#rollBack(message)',
  'migration.ts: this.fail(message)', // loseTarget
  "parts.ts: new Refusal(kind === 'network' ? 'SYSTEM_ERROR' : 'INTERNAL_ERROR', reason)", // `reason`s
  "sessions.ts: new Refusal(before.code ?? 'OPERATION_FAILED', before.message)", // a trap says what its test wants
];

const calls: readonly HostCall[] = [
  'migrate',
  'start',
  'resume',
  'destroy',
  'undefine',
  'define',
  'markEpoch',
];

function placesOf(file: string): Place[] {
  const source = readFileSync(file, 'utf8');
  const { program } = parseSync(file, source);
  const constants = constantsOf(program.body as unknown as Node[]);
  const places: Place[] = [];
  const visit = (node: Node): void => {
    const where = `${basename(file)}: ${source.slice(node.start, node.end).replaceAll(/\s+/g, ' ')}`;
    const place = placeAt(node, constants);
    if (place) places.push({ where, ...place });
    for (const value of Object.values(node))
      for (const child of [value].flat()) if (isNode(child)) visit(child);
  };
  visit(program as unknown as Node);
  return places;
}

function placeAt(node: Node, constants: ReadonlyMap<string, Node>): Omit<Place, 'where'> | undefined {
  const [first, second] = (node['arguments'] ?? []) as readonly Node[];
  const of = (argument: Node | undefined): Omit<Place, 'where'>['texts'] | undefined =>
    argument && texts(argument, constants);
  const found = (codes?: readonly string[], words?: readonly string[]): Omit<Place, 'where'> => ({
    ...(codes ? { codes } : {}),
    ...(words ? { texts: words } : {}),
  });
  const callee = node['callee'];
  if (node.type === 'VariableDeclarator' && isNode(node['id']) && node['id']['name'] === 'reason')
    return found(['SYSTEM_ERROR', 'INTERNAL_ERROR'], isNode(node['init']) ? of(node['init']) : undefined);
  if (!isNode(callee)) return undefined;
  if (node.type === 'NewExpression' && callee['name'] === 'Refusal') return found(of(first), of(second));
  const method = isNode(callee['property']) ? String(callee['property']['name']) : '';
  const code = endings.get(method);
  if (node.type !== 'CallExpression' || code === undefined) return undefined;
  return found(second ? of(second) : [code], of(first));
}

/** What an expression can say; undefined: not to be read out of the code. */
function texts(node: Node, constants: ReadonlyMap<string, Node>): readonly string[] | undefined {
  switch (node.type) {
    case 'Literal':
      return [String(node['value'])];
    case 'TemplateLiteral':
      return [(node['quasis'] as { value: { cooked: string } }[]).map(({ value }) => value.cooked).join('x')];
    case 'ConditionalExpression': {
      const sides = [node['consequent'], node['alternate']].map((side) => texts(side as Node, constants));
      return sides.every((side) => side !== undefined) ? sides.flat() : undefined;
    }
    case 'Identifier': {
      const constant = constants.get(String(node['name']));
      return constant && texts(constant, constants);
    }
    default:
      return undefined;
  }
}

/** Those of the file, which methods share. */
function constantsOf(body: readonly Node[]): ReadonlyMap<string, Node> {
  const declared = body.flatMap((node) => (node['declarations'] ?? []) as { id: Node; init: Node | null }[]);
  return new Map(declared.flatMap(({ id, init }) => (init ? [[String(id['name']), init]] : [])));
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value;
}

const places = globSync('lab/simulated/*.ts', { exclude: ['**/*.test.ts'] }).flatMap(placesOf);

test('every place that refuses is found', () => {
  expect(places.length).toBeGreaterThan(25);
  const unread = places.filter(({ codes, texts: words }) => !codes || !words).map(({ where }) => where);
  expect(unread.toSorted()).toEqual(handedOn.toSorted());
});

test('a host that refuses in the simulation is understood by a rule for real ones', () => {
  const unknown = places
    .filter(({ where }) => !unheard.some((pattern) => pattern.test(where)))
    .filter(({ codes = [], texts: words = [] }) =>
      words.some((reason) => !codes.some((code) => isKnown(new Refusal(code as RefusalCode, reason)))),
    );
  expect(unknown.map(({ where }) => where)).toEqual([]);
});

function isKnown({ code, message }: Refusal): boolean {
  return calls.some((call) => classify({ code, text: message }, call).rule !== undefined);
}
