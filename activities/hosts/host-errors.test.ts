/** Whose fault it is that a question has no answer: the network's, the host's, or our own. */
import { ResponseError } from 'vscode-jsonrpc/node';
import { afterEach, describe, expect, test } from 'vitest';
import { simulatedRefusalCode } from '../../model/simulated.ts';
import { HostRefused, HostUnreachable, HostUnreadable } from './errors.ts';
import { FakeHost, listsWeb1, uuid, type Answers } from './fake-host.ts';
import { FakeSimulation } from './fake-simulation.ts';
import { libvirtDriver } from './libvirt-driver.ts';
import { body, errorBody, rejection } from './libvirt/fake-daemon.ts';
import { PacketStatus } from './libvirt/packet.ts';
import { simulatedDriver } from './simulated-driver.ts';

const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

describe('libvirt', () => {
  const driver = libvirtDriver({ keepaliveSeconds: 60, callTimeoutMs: 200 });

  async function sessionWith(answers: Answers) {
    const host = await FakeHost.start(answers);
    const session = await driver.open(host.address);
    open.push(session, host);
    return session;
  }

  test.each<[string, Answers]>([
    ['does not answer', {}],
    ['hangs up', { CONNECT_LIST_ALL_DOMAINS: (_, daemon) => void daemon.stream.destroy() }],
    ['answers what is no protocol', { CONNECT_LIST_ALL_DOMAINS: (call, daemon) => daemon.reply(call) }],
  ])('a host that %s is unreachable', async (_, answers) => {
    const session = await sessionWith(answers);
    expect(await rejection(session.sight(uuid))).toBeInstanceOf(HostUnreachable);
  });

  test('nobody who listens is a host that is unreachable', async () => {
    const host = await FakeHost.start({});
    await host[Symbol.asyncDispose]();
    expect(await rejection(driver.open(host.address))).toBeInstanceOf(HostUnreachable);
  });

  test('a host that refuses to be opened has answered', async () => {
    const host = await FakeHost.start({
      CONNECT_OPEN: (call, daemon) => daemon.reply(call, errorBody(45, 'no access'), PacketStatus.error),
    });
    open.push(host);
    const error = await rejection(driver.open(host.address));
    expect(error).toBeInstanceOf(HostRefused);
    expect(error).toMatchObject({ code: 'AUTH_FAILED', message: expect.stringContaining('no access') });
  });

  test.each([
    ['a definition', '<network/>', '(tell the definition of VM', '<network> where <domain> was expected'],
    ['a definition', 'oops', '(tell the definition of VM', 'not well-formed XML where <domain> was expected'],
    ['a CPU', '<domain/>', '(tell its CPU)', '<domain> where <capabilities> was expected'],
  ])('%s that is none (%s) is quoted', async (what, came, ...parts) => {
    const xml = body((writer) => writer.string(came));
    const session = await sessionWith({
      ...listsWeb1,
      DOMAIN_GET_XML_DESC: (call, daemon) => daemon.reply(call, xml),
      CONNECT_GET_CAPABILITIES: (call, daemon) => daemon.reply(call, xml),
    });
    const error = await rejection(what === 'a CPU' ? session.cpu() : session.definition(uuid));
    expect(error).toBeInstanceOf(HostUnreadable);
    for (const part of ["host1 gave an answer that can't be read ", ...parts, JSON.stringify(came)])
      expect((error as Error).message).toContain(part);
  });

  test('a mistake of ours stays one', async () => {
    const session = await sessionWith(listsWeb1);
    const error = await rejection(session.start('web1'));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: '"web1" is not a UUID' });
  });
});

describe('the simulation', () => {
  const driver = simulatedDriver({ keepaliveSeconds: 60, callTimeoutMs: 200 });

  async function hostThat(answer: (request: string, host: FakeSimulation) => unknown) {
    const host: FakeSimulation = await FakeSimulation.start((request) => answer(request, host));
    const session = await driver.open(host.address);
    open.push(session, host);
    return session;
  }

  test.each<[string, (request: string, host: FakeSimulation) => unknown]>([
    ['does not answer', () => new Promise(() => {})],
    ['hangs up', (_, host) => host.hangUp()],
  ])('a host that %s is unreachable', async (_, answer) => {
    const session = await hostThat(answer);
    expect(await rejection(session.sight(uuid))).toBeInstanceOf(HostUnreachable);
  });

  test('nobody who listens is a host that is unreachable', async () => {
    const host = await FakeSimulation.start(() => null);
    await host[Symbol.asyncDispose]();
    expect(await rejection(driver.open(host.address))).toBeInstanceOf(HostUnreachable);
  });

  test('a host that refuses has answered', async () => {
    const session = await hostThat(() => {
      throw new ResponseError(simulatedRefusalCode, 'Domain not found', { code: 'NO_DOMAIN' });
    });
    const error = await rejection(session.start(uuid));
    expect(error).toBeInstanceOf(HostRefused);
    expect(error).toMatchObject({ code: 'NO_DOMAIN' });
  });

  test('an answer of another form is quoted', async () => {
    const session = await hostThat(() => ({ kind: 'somewhere' }));
    const error = await rejection(session.sight(uuid));
    expect(error).toBeInstanceOf(HostUnreadable);
    const { message } = error as Error;
    expect(message).toContain(`host1 gave an answer that can't be read (say where VM ${uuid} is)`);
    expect(message).toContain('{"kind":"somewhere"}');
  });

  test('a mistake of the simulation, or of ours, stays one', async () => {
    const session = await hostThat(() => {
      throw new TypeError('copies is not iterable');
    });
    const error = await rejection(session.report());
    expect(error).toBeInstanceOf(ResponseError);
    expect(error).toMatchObject({ message: expect.stringContaining('copies is not iterable') });
  });
});
