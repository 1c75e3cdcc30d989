/**
 * `node test/lab/refusals/record.ts LAB.yaml [GROUP...]`: makes the hosts of a lab refuse in every way of
 * `provocations.ts`, and keeps what they say in `activities/hosts/libvirt-refusals.json`. The lab must be up, of
 * `transport: tcp`, and nobody else may use it.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { openLab } from '../../../lab/lab.ts';
import { GuestFiles } from '../contract/guest-files.ts';
import { provocations } from './provocations.ts';
import { Scene, type Recorded } from './scene.ts';

const file = join(import.meta.dirname, '../../../activities/hosts/libvirt-refusals.json');
const [labFile, ...groups] = process.argv.slice(2);
if (openLab(labFile).config.transport !== 'tcp')
  throw new Error(
    `${labFile ?? 'the lab'} must say transport: tcp: hosts without certificates refuse in more ways`,
  );
const chosen = Object.entries(provocations).filter(([name]) => groups.length === 0 || groups.includes(name));

const folder = mkdtempSync(join(tmpdir(), 'refusals-'));
using guest = new GuestFiles();
const disk = join(folder, 'disk.qcow2');
await execa('qemu-img', ['create', '-f', 'qcow2', disk, '64M']);
const kept: Record<string, Recorded[]> =
  groups.length === 0 ? {} : (JSON.parse(readFileSync(file, 'utf8')) as Record<string, Recorded[]>);
for (const [name, provoke] of chosen) {
  const scene = new Scene(openLab(labFile), guest, disk);
  console.log(`\n${name}`);
  await scene.clear();
  try {
    await provoke(scene);
  } finally {
    await scene.clear();
  }
  kept[name] = scene.recorded;
}
rmSync(folder, { recursive: true });
writeFileSync(file, `${JSON.stringify(kept, undefined, 2)}\n`);
