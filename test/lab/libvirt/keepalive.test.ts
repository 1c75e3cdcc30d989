import { describe, expect, it } from 'vitest';
import { rejection } from '../../../activities/hosts/libvirt/fake-daemon.ts';
import { Gate } from './gate.ts';
import { labHosts } from './lab-hosts.ts';

const [host] = labHosts();

describe('keepalive with a real libvirtd', () => {
  it('keeps an idle connection, by pings that the host answers', async () => {
    await using gate = await Gate.before(host);
    await using client = await gate.open({ keepalive: { intervalMs: 20, count: 100 } });
    await expect.poll(() => gate.passed.hostPongs, { timeout: 15_000 }).toBeGreaterThanOrEqual(5);
    await expect(client.hostname()).resolves.not.toBe('');
  });

  it("answers the host's own pings, which it sends because it was asked to", async () => {
    await using gate = await Gate.before(host);
    await using client = await gate.open({ keepalive: { intervalMs: 60_000, count: 3 } });
    // libvirtd.conf's keepalive_interval is 5 s unless it is configured.
    const answered = (): number => Math.min(gate.passed.hostPings, gate.passed.clientPongs);
    await expect.poll(answered, { timeout: 18_000 }).toBeGreaterThanOrEqual(1);
    expect(gate.passed).toMatchObject({ clientPings: 0 });
    await expect(client.hostname()).resolves.not.toBe('');
  });

  it('notices that a host has fallen silent, and ends what is open', async () => {
    await using gate = await Gate.before(host);
    await using client = await gate.open({ keepalive: { intervalMs: 50, count: 2 } });
    await client.hostname();
    gate.goSilent();
    const open = rejection(client.hostname({ timeoutMs: Infinity }));
    const reason = await client.closed;
    expect(reason.message).toMatch(/^127\.0\.0\.1:\d+: nothing came for \d+ ms and 2 pings went unanswered$/);
    expect(await open).toMatchObject({
      name: 'LibvirtConnectionLost',
      procedure: 'CONNECT_GET_HOSTNAME',
      sent: true,
    });
  });

  it('gives a call up at its deadline where there is no keepalive', async () => {
    await using gate = await Gate.before(host);
    await using client = await gate.open({ keepalive: false });
    gate.goSilent();
    expect(await rejection(client.hostname({ timeoutMs: 50 }))).toMatchObject({
      name: 'LibvirtTimeout',
      procedure: 'CONNECT_GET_HOSTNAME',
      timeoutMs: 50,
      sent: true,
    });
  });
});
