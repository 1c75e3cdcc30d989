import { expect, test } from 'vitest';
import { definitionOf, withEpoch } from './definition.ts';

test('an epoch stands in the metadata once, in place of an earlier one', () => {
  const definition = definitionOf({ name: 'vm1', memoryMiB: 64, vcpus: 1, network: 'br0', storage: 'san1' });
  const marked = withEpoch(withEpoch(definition, 4), 5);
  expect(marked.epoch).toBe(5);
  expect(marked.xml.match(/<drover:lease [^>]*>/g)).toEqual([
    '<drover:lease xmlns:drover="urn:drover:vm" epoch="5"/>',
  ]);
  expect(marked.xml.replace(/\n<metadata>.*<\/metadata>/, '')).toBe(definition.xml);
});
