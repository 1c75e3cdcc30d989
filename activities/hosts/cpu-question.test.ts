import { expect, test } from 'vitest';
import type { VmDefinition } from '../../model/vm-definition.ts';
import { cpuQuestion } from './cpu-question.ts';

function definition(name: string, cpu: string, machine = 'q35'): VmDefinition {
  return {
    uuid: name,
    name,
    memoryMiB: 128,
    vcpus: 1,
    disks: [],
    networks: [],
    hostDevices: [],
    stateOutside: [],
    hasHiddenPassword: false,
    xml: `<domain type='kvm'><name>${name}</name><os><type arch='x86_64' machine='${machine}'>hvm</type></os>${cpu}</domain>`,
  };
}
const capabilities = (uuid: string, model: string): string =>
  `<capabilities><host><uuid>${uuid}</uuid><cpu><model>${model}</model></cpu></host></capabilities>`;
const model = `<cpu mode='custom'><model>Skylake-Server</model></cpu>`;
const passthrough = `<cpu mode='host-passthrough'/>`;
const here = capabilities('1', 'EPYC');

test('VMs of one CPU model ask the same, wherever they are', () => {
  expect(cpuQuestion(definition('web2', model), capabilities('2', 'Skylake'))).toBe(
    cpuQuestion(definition('web1', model), here),
  );
});

test('another model, or another machine type, is another question', () => {
  const asked = [
    cpuQuestion(definition('web1', model), here),
    cpuQuestion(definition('web1', model, 'pc'), here),
    cpuQuestion(definition('web1', model.replace('Skylake', 'Cascadelake')), here),
    cpuQuestion(definition('web1', ''), here),
  ];
  expect(new Set(asked).size).toBe(4);
});

test('a VM that has the CPU of its host asks for that CPU, not for that host', () => {
  const asked = cpuQuestion(definition('web1', passthrough), here);
  expect(cpuQuestion(definition('web2', passthrough), capabilities('2', 'EPYC'))).toBe(asked);
  expect(cpuQuestion(definition('web2', passthrough), capabilities('2', 'Skylake'))).not.toBe(asked);
});
