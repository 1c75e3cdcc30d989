/**
 * The contract of `HostSession`: the simulated datacenter and the libvirtd of the lab get the same orders, and must
 * give the same answers, refuse in the same words, be in the same states for the same reasons, and tell the same events
 * in the same order. What is written down is libvirt's; where the two differ, the simulation is wrong.
 *
 * Left out: a guest that obeys its power button (these have no operating system that could), hosts that are cut off or
 * lose their power (the lab's own tests), and times.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { labHosts } from '../../support/lab.ts';
import { epochs } from './epochs.ts';
import { GuestFiles } from './guest-files.ts';
import { guestNamed } from './guest.ts';
import { interrupted } from './interrupted.ts';
import { libvirtSide } from './libvirt-side.ts';
import { life } from './life.ts';
import { moves } from './moves.ts';
import type { Sequence } from './sequence.ts';
import { simulatedSide } from './simulated-side.ts';
import { SourceParts } from './source-parts.ts';
import { Stage, type Side } from './stage.ts';

// The stronger host is the source: the most is done there.
const [target, source] = labHosts();
const libvirt = libvirtSide({ source, target });
const files = new GuestFiles();
let simulation: Awaited<ReturnType<typeof simulatedSide>>;
let parts: SourceParts;

beforeAll(async () => {
  [simulation, parts] = await Promise.all([simulatedSide(), SourceParts.on(source)]);
});

afterAll(async () => {
  await Promise.all([simulation[Symbol.asyncDispose](), parts[Symbol.asyncDispose]()]);
  files[Symbol.dispose]();
});

let guests = 0;

async function traceOf(side: Side, sequence: Sequence): Promise<string> {
  const vm = guestNamed(`contract-${process.pid}-${++guests}`, files, sequence.parts);
  await using stage = await Stage.open(side, vm);
  await sequence.play(stage);
  return stage.trace;
}

describe.concurrent.each([
  { about: 'while it is copied', sequences: interrupted },
  { about: 'a move', sequences: moves },
  { about: 'a life', sequences: life },
  { about: 'an epoch', sequences: epochs },
])('$about', ({ sequences }) => {
  test.each(sequences.map((sequence) => [sequence.name, sequence] as const))('%s', async (_, sequence) => {
    const [real, simulated] = await Promise.all([traceOf(libvirt, sequence), traceOf(simulation, sequence)]);
    const asWritten = (trace: string) => sequence.traces.find((each) => each === trace) ?? sequence.traces[0];
    expect(real, 'libvirt').toBe(asWritten(real));
    expect(simulated, 'the simulation').toBe(asWritten(simulated));
  });
});
