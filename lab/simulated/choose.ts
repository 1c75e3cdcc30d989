/** From what a person types to data that was checked against the datacenter there is: its errors say what is allowed. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { plainIssue } from '../../model/plain-issue.ts';
import { LabUsageError, messageOf } from '../errors.ts';
import { Fault } from './faults.ts';
import { monitorParty } from './monitor.ts';
import { anyone } from './network.ts';
import { DatacenterSpec, generateDatacenter } from './spec.ts';
import { users } from './web.ts';

/** The party as which Drover's workers speak to hosts. */
const worker = 'worker';

/** A datacenter from a file in YAML or JSON. @throws LabUsageError with each wrong place */
export function readSpec(file: string): DatacenterSpec {
  let value: unknown;
  try {
    value = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new LabUsageError(`${file} can't be read: ${messageOf(error)}`, { cause: error });
  }
  const parsed = DatacenterSpec.safeParse(value);
  if (!parsed.success)
    throw new LabUsageError(`${file} is no simulated datacenter:\n${z.prettifyError(parsed.error)}`);
  const problems = [
    ...twice('host', parsed.data.hosts),
    ...twice('VM', parsed.data.vms),
    ...parsed.data.vms
      .filter(({ host }) => !parsed.data.hosts.some(({ name }) => name === host))
      .map(({ name, host }) => `${name} is on ${host}, which is none of its hosts`),
  ];
  if (problems.length > 0) throw new LabUsageError(`${file}: ${problems.join('; ')}`);
  return parsed.data;
}

/** A generated one, by the options of a person. */
export function specOfSize(hosts: string, vms: string): DatacenterSpec {
  return generateDatacenter({
    hosts: wholeNumber('--hosts', hosts, { from: 1, to: 10_000 }),
    vms: wholeNumber('--vms', vms, { from: 0, to: 100_000 }),
  });
}

export function numberAbove0(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new LabUsageError(`${option} ${text}: must be a number above 0`);
  return value;
}

/** A fault as JSON. @throws LabUsageError that names what is wrong, or the kinds there are */
export function parseFault(text: string): Fault {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new LabUsageError(`the fault is no JSON (${messageOf(error)}), such as ${example}`, {
      cause: error,
    });
  }
  return checkFault(value);
}

export function checkFault(value: unknown): Fault {
  const parsed = Fault.safeParse(value);
  if (parsed.success) return parsed.data;
  const kind = z.object({ kind: z.string() }).safeParse(value);
  const kinds = Fault.options.map(({ shape }) => shape.kind.value);
  if (!kind.success || !kinds.some((known) => known === kind.data.kind))
    throw new LabUsageError(`a fault has one of these kinds: ${kinds.join(', ')}; such as ${example}`);
  throw new LabUsageError(
    `fault ${kind.data.kind}: ${parsed.error.issues.map((issue) => `${issue.path.join('.')} ${plainIssue(issue)}`.trim()).join('; ')}`,
  );
}

/** @throws LabUsageError where the fault names a host, a VM or a link that the datacenter does not have */
export function checkNames(spec: DatacenterSpec, fault: Fault): void {
  const hosts = spec.hosts.map(({ name }) => name);
  const storages = [...new Set(spec.hosts.flatMap(({ storage }) => storage))];
  if ('host' in fault && fault.host !== undefined) among('host', hosts, fault.host);
  if ('vm' in fault)
    among(
      'VM',
      spec.vms.map(({ name }) => name),
      fault.vm,
    );
  if ('storage' in fault) among('storage server', storages, fault.storage);
  if ('from' in fault) {
    const parties = [worker, users, monitorParty, anyone, ...storages, ...hosts];
    among('party', parties, fault.from);
    among('party', parties, fault.to);
  }
}

/** The one of a list that was named. */
export function among<T extends string>(kind: string, all: readonly T[], name: string): T {
  const found = all.find((each) => each === name);
  if (found !== undefined) return found;
  const shown = all.length > 30 ? `${all.slice(0, 30).join(', ')}, ...` : all.join(', ');
  throw new LabUsageError(`no ${kind} ${name}; there are: ${shown || 'none'}`);
}

const example = `'{"kind":"crashHost","host":"host1"}'`;

function wholeNumber(option: string, text: string, { from, to }: { from: number; to: number }): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < from || value > to)
    throw new LabUsageError(`${option} ${text}: must be a whole number from ${from} to ${to}`);
  return value;
}

function twice(kind: string, all: readonly { readonly name: string }[]): string[] {
  const names = all.map(({ name }) => name);
  return names.filter((name, at) => names.indexOf(name) < at).map((name) => `${kind} ${name} is there twice`);
}
