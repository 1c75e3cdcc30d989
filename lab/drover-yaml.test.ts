import { expect, test } from 'vitest';
import { readConfig } from './config.ts';
import { contextOf } from './context.ts';
import { droverSettings } from './drover-yaml.ts';

test('drover.yaml describes the hosts, their failure domains and their BMCs', () => {
  const folder = '/var/lib/drover-lab/drover';
  expect(droverSettings(contextOf(readConfig()))).toMatchObject({
    stateDir: `${folder}/drover`,
    temporal: { embedded: { port: 7233, uiPort: 8233 } },
    clusters: {
      main: {
        datacenter: 'dc1',
        hosts: {
          host1: {
            uri: 'qemu+tls://10.77.0.11/system',
            peerUri: 'qemu+tls://10.77.0.11/system',
            migrateTo: '10.77.0.11',
            cpus: 0.4,
            memoryMiB: 2048,
            failureDomains: { switch: 'sw1' },
            fence: {
              agent: 'fence_redfish',
              options: { ip: '127.0.0.1', ipport: 18_001, username: 'drover' },
              secrets: { password: { file: `${folder}/bmc-password` } },
            },
          },
          host2: { failureDomains: { switch: 'sw2' }, fence: { options: { ipport: 18_002 } } },
        },
      },
    },
    tls: {
      ca: `${folder}/pki/drover/cacert.pem`,
      cert: `${folder}/pki/drover/clientcert.pem`,
      key: `${folder}/pki/drover/clientkey.pem`,
    },
    vms: {},
    alerts: { listen: '127.0.0.1:9199', tokenFile: `${folder}/alert-token` },
    metrics: { worker: '127.0.0.1:9464' },
    keepaliveSeconds: 4,
    starved: { forSeconds: 3, windowSeconds: 10 },
    prometheusUrl: 'http://127.0.0.1:9090',
  });
});
