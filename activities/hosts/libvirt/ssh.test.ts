import { describe, expect, it } from 'vitest';
import { sshEnd } from './ssh-end.ts';
import { sshArguments } from './transport-ssh.ts';

const target = { host: '10.0.0.11' };

describe('the arguments of ssh', () => {
  it('ask nothing, trust no unknown host, forward nothing', () => {
    const given = sshArguments(target).join(' ');
    for (const option of [
      'BatchMode=yes',
      'StrictHostKeyChecking=yes',
      'ClearAllForwardings=yes',
      'ForwardAgent=no',
    ])
      expect(given).toContain(`-o ${option}`);
  });

  it('end the options before the host', () => {
    expect(sshArguments({ host: '-oProxyCommand=x' }).slice(-3, -1)).toEqual(['--', '-oProxyCommand=x']);
  });

  it('leave what is not set to ssh_config', () => {
    expect(sshArguments(target).join(' ')).not.toMatch(/IdentityFile|KnownHosts| -p | -l /);
  });

  it('name the key and the known hosts alone, whatever letters their paths have', () => {
    const given = sshArguments({ ...target, identityFile: '/keys/my key 100%', knownHosts: '/etc/known' });
    expect(given).toContain('IdentityFile="/keys/my key 100%%"');
    expect(given).toContain('IdentitiesOnly=yes');
    expect(given).toContain('UserKnownHostsFile="/etc/known"');
    expect(given).toContain('GlobalKnownHostsFile=/dev/null');
  });

  it('take user and port', () => {
    const given = sshArguments({ ...target, user: 'drover', port: 2222 }).join(' ');
    expect(given).toContain(' -p 2222 -l drover -- 10.0.0.11 ');
  });

  it.each([
    [30, 8],
    [4, 1],
    [1, 1],
  ])('with %i s of keepalive look after the host each %i s', (keepaliveSeconds, interval) => {
    expect(sshArguments({ ...target, keepaliveSeconds })).toContain(`ServerAliveInterval=${interval}`);
  });
});

describe('the end of ssh', () => {
  const end = (said: string, exitCode = 255) => sshEnd({ peer: 'ssh host1', exitCode, signal: null, said });

  it.each([
    ['Host key verification failed.', 'SSH_HOST_KEY'],
    ['root@host1: Permission denied (publickey,password).', 'SSH_NOT_ADMITTED'],
    ['Received disconnect from 10.0.0.11: Too many authentication failures', 'SSH_NOT_ADMITTED'],
    [
      "error: Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied",
      'SSH_NOT_ADMITTED',
    ],
    ['nc: unix connect failed: /var/run/libvirt/libvirt-sock: Permission denied', 'SSH_NOT_ADMITTED'],
    ['Load key "/k": error in libcrypto\r\nroot@host1: Permission denied (publickey).', 'SSH_OWN_KEY'],
    [
      'no such identity: /k: No such file or directory\nroot@host1: Permission denied (publickey).',
      'SSH_OWN_KEY',
    ],
    ['neither virt-ssh-helper nor nc is there', 'SSH_NO_HELPER'],
  ])('%j is for somebody to mend', (said, reason) => {
    expect(end(said)).toMatchObject({ name: 'LibvirtAccessRefused', reason });
  });

  it.each([
    'ssh: connect to host host1 port 22: Connection refused',
    'Connection closed by 10.0.0.11 port 22',
    'Timeout, server 10.0.0.11 not responding.',
    'kex_exchange_identification: read: Connection reset by peer',
    "error: Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory",
    'ssh: Could not resolve hostname host1: Name or service not known',
  ])('%j passes', (said) => {
    const error = end(said);
    expect(error.name).toBe('LibvirtConnectionLost');
    expect(error.message).toContain(said);
  });

  it('without a word is told by its exit code or its signal', () => {
    expect(end('', 1).message).toBe('ssh ended with exit code 1: it said nothing');
    expect(sshEnd({ peer: 'p', exitCode: null, signal: 'SIGKILL', said: '' }).message).toContain(
      'by SIGKILL',
    );
  });

  it('lets no control characters of a banner through', () => {
    expect(end('\u001b[2Jwelcome\nno\u0007 more').message).toBe(
      'ssh ended with exit code 255: [2Jwelcome; no more',
    );
  });
});
