/** What is written into a domain's metadata, where, and when not. */
import { describe, expect, test } from 'vitest';
import { HostRefused } from './errors.ts';
import { FakeHost, listsWeb1, uuid } from './fake-host.ts';
import { libvirtDriver } from './libvirt-driver.ts';
import { argumentsOf, body } from './libvirt/fake-daemon.ts';
import { readDomain, writeDomain } from './libvirt/objects.ts';
import { procedure } from './libvirt/procedures.ts';

interface Domain {
  readonly isRunning: boolean;
  readonly isPersistent: boolean;
  readonly metadata?: string;
}

/** Marks the domain with epoch 7; what the host was told to write, in the order of the arguments. */
async function marked({ isRunning, isPersistent, metadata = '' }: Domain): Promise<unknown[]> {
  const domain = { name: 'web1', uuid, id: isRunning ? 3 : -1 };
  await using host = await FakeHost.start({
    ...listsWeb1,
    DOMAIN_LOOKUP_BY_UUID: (call, daemon) =>
      daemon.reply(
        call,
        body((writer) => writeDomain(writer, domain)),
      ),
    DOMAIN_GET_XML_DESC: (call, daemon) =>
      daemon.reply(
        call,
        body((writer) =>
          writer.string(
            `<domain><name>web1</name><uuid>${uuid}</uuid><metadata>${metadata}</metadata></domain>`,
          ),
        ),
      ),
    DOMAIN_IS_PERSISTENT: (call, daemon) =>
      daemon.reply(
        call,
        body((writer) => writer.i32(isPersistent ? 1 : 0)),
      ),
    DOMAIN_SET_METADATA: (call, daemon) => daemon.reply(call),
  });
  await using session = await libvirtDriver({ keepaliveSeconds: 60 }).open(host.address);
  await session.markEpoch(uuid, 7);
  const { number } = procedure('DOMAIN_SET_METADATA');
  return host.daemons
    .flatMap(({ calls }) => calls)
    .filter(({ header }) => header.procedure === number)
    .map((call) => {
      const reader = argumentsOf(call);
      const { name, id } = readDomain(reader);
      const kind = reader.i32('the kind');
      const texts = ['the metadata', 'the key', 'the namespace'].map((what) => reader.optionalString(what));
      const flags = reader.u32('the flags');
      reader.end();
      return { name, id, kind, texts, flags };
    });
}

const element = 2;
const written = { name: 'web1', kind: element, texts: ['<lease epoch="7"/>', 'drover', 'urn:drover:vm'] };
const live = 1;
const config = 2;

describe('the epoch is written', () => {
  test.each([
    ['into what runs and its definition', { isRunning: true, isPersistent: true }, 3, live | config],
    ['into what runs alone where it has no definition', { isRunning: true, isPersistent: false }, 3, live],
    ['into the definition of a VM that is off', { isRunning: false, isPersistent: true }, -1, config],
  ])('%s', async (_, domain, id, flags) => {
    expect(await marked(domain)).toEqual([{ ...written, id, flags }]);
  });

  test.each(['6', '7'])('over an epoch of %s', async (epoch) => {
    const metadata = `<drover:lease xmlns:drover="urn:drover:vm" epoch="${epoch}"/>`;
    expect(await marked({ isRunning: true, isPersistent: true, metadata })).toHaveLength(1);
  });
});

test('an epoch is not written over a later one', async () => {
  const metadata = `<drover:lease xmlns:drover="urn:drover:vm" epoch="8"/>`;
  const refusal = await marked({ isRunning: true, isPersistent: true, metadata }).catch(
    (error: unknown) => error,
  );
  expect(refusal).toBeInstanceOf(HostRefused);
  expect(refusal).toMatchObject({
    class: 'superseded',
    code: 'STALE_EPOCH',
    message: `host1 refused to write epoch 7 into VM ${uuid}: stale epoch 7 < 8`,
  });
});
