import { expect, test } from 'vitest';
import { chooseDatacenter } from './choose-datacenter.ts';

const canNot = async (): Promise<void> => {
  throw new Error('the lab needs root: run the same command with sudo');
};
const can = async (): Promise<void> => {};

async function chosen(wanted: Parameters<typeof chooseDatacenter>[0], check: () => Promise<void>) {
  const told: string[] = [];
  const { datacenter } = await chooseDatacenter(wanted, (line) => told.push(line), check);
  return { kind: datacenter.kind, command: datacenter.loadCommand, told: told.join('\n') };
}

test('the lab is taken, without a word, where the machine can carry it', async () => {
  expect(await chosen({}, can)).toMatchObject({ kind: 'lab', told: '' });
});

test('a machine that can’t carry it gets the simulated one, with the reason and what the real one needs', async () => {
  const { kind, told } = await chosen({}, canNot);
  expect(kind).toBe('simulated');
  expect(told).toContain('This runs on the simulated datacenter');
  expect(told).toContain('Why: the lab needs root: run the same command with sudo.');
  expect(told).toContain('needs Debian 12 on amd64 with root, 2 CPUs');
});

test('the simulated one can be asked for anywhere, and the machine is not looked at', async () => {
  const { kind, told } = await chosen({ simulated: true }, async () => {
    throw new Error('it was looked at');
  });
  expect(kind).toBe('simulated');
  expect(told).toContain('asked for with --simulated');
  expect(told).not.toContain('looked at');
});

test('its folder stands in the commands that are proposed', async () => {
  expect((await chosen({ simulated: true }, can)).command).toMatch(
    /^npm run simulated -- --folder \S+\/drover-start load web1 on$/,
  );
  const { kind, command } = await chosen({ folder: '/tmp/elsewhere' }, can);
  expect(kind).toBe('simulated');
  expect(command).toBe('npm run simulated -- --folder /tmp/elsewhere load web1 on');
});

test('a lab that is named by its file is never replaced by a simulation', async () => {
  expect((await chosen({ lab: 'lab/default.yaml' }, canNot)).kind).toBe('lab');
});
