import { DOMParser } from '@xmldom/xmldom';
import { expect, test } from 'vitest';
import { readConfig } from './config.ts';
import { contextOf } from './context.ts';
import { domainXml, escapeXml } from './domain.ts';

const config = readConfig();

function xmlOf(folder: string): string {
  const [vm, datacenter] = [config.vms[0], config.datacenters[0]];
  if (!vm || !datacenter) throw new Error('the default lab has a VM and a datacenter');
  return domainXml(contextOf({ ...config, folder }), vm, datacenter);
}

test('a VM can migrate: an emulated CPU, its disk on the SAN, no port or file of one host alone', () => {
  const xml = xmlOf('/var/lib/drover-lab/drover');
  expect(xml).toMatch(/^ {2}<name>web1<\/name>$/m);
  expect(xml).toContain("<domain type='qemu'>");
  expect(xml).toContain("<cpu mode='maximum' migratable='on'/>");
  expect(xml).toContain("<source protocol='nbd' name='web1'>");
  expect(xml).toContain("<host name='10.78.0.200' port='10809'/>");
});

test('a folder with a name made of XML stays text', () => {
  const folder = `/srv/<a> & "b" 'c'`;
  const kernel = new DOMParser().parseFromString(xmlOf(folder), 'text/xml').getElementsByTagName('kernel')[0];
  expect(kernel?.textContent).toBe(`${folder}/guest/kernel`);
  expect(escapeXml(folder)).not.toMatch(/[<>"']/);
});
