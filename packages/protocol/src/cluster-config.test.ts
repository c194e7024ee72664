import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  type ClusterConfig,
  type ClusterNode,
  CONFIG_VERSION_MAX,
  clusterConfigProblems,
  encodeClusterConfig,
  parseClusterConfig,
} from './cluster-config.js';
import { bytesOf, textOf } from './testing/story.js';

/** The worked example of the AWS documentation: 136 bytes. */
const EXAMPLE =
  '12\nmycluster.pc4ldq.0001.use1.cache.amazonaws.com|10.82.235.120|11211 mycluster.pc4ldq.0002.use1.cache.amazonaws.com|10.80.249.27|11211\n';

const NODE: ClusterNode = { hostname: 'a.example', ip: '10.0.0.1', port: 11211 };

function config(change: Partial<ClusterConfig>): ClusterConfig {
  return { version: 1, nodes: [NODE], ...change };
}

function withNode(change: Partial<ClusterNode>): ClusterConfig {
  return config({ nodes: [{ ...NODE, ...change }] });
}

describe('a discovery payload', () => {
  test('has the form of the worked example, to the byte', () => {
    const parsed = parseClusterConfig(bytesOf(EXAMPLE)) as ClusterConfig;
    expect(parsed.version).toBe(12);
    expect(parsed.nodes).toHaveLength(2);
    expect(parsed.nodes[1]).toEqual({
      hostname: 'mycluster.pc4ldq.0002.use1.cache.amazonaws.com',
      ip: '10.80.249.27',
      port: 11211,
    });
    expect(textOf(encodeClusterConfig(parsed))).toBe(EXAMPLE);
    expect(EXAMPLE).toHaveLength(136);
  });

  test('comes back as it was encoded', () => {
    const node = fc.record({
      hostname: fc.stringMatching(/^[a-z0-9]{1,20}(\.[a-z0-9-]{1,10}){0,3}$/),
      ip: fc.oneof(fc.constant(''), fc.ipV4(), fc.ipV6()),
      port: fc.integer({ min: 1, max: 65_535 }),
    });
    const nodes = fc.uniqueArray(node, {
      minLength: 1,
      maxLength: 60,
      selector: ({ hostname, port }) => `${hostname}:${port}`,
    });
    const version = fc.integer({ min: 1, max: CONFIG_VERSION_MAX });
    fc.assert(
      fc.property(version, nodes, (v, list) => {
        const sent = { version: v, nodes: list };
        const payload = encodeClusterConfig(sent);
        expect(textOf(payload)).toMatch(/^\d+\n\S+( \S+)*\n$/);
        expect(parseClusterConfig(payload)).toEqual(sent);
      }),
    );
  });

  test.each([
    ['a version of 0', config({ version: 0 })],
    ['a version above int32', config({ version: CONFIG_VERSION_MAX + 1 })],
    ['a broken version', config({ version: 1.5 })],
    ['no node', config({ nodes: [] })],
    ['a node twice', config({ nodes: [NODE, { ...NODE, ip: '10.0.0.2' }] })],
    ['a hostname in upper case', withNode({ hostname: 'END.example' })],
    ['an empty hostname', withNode({ hostname: '' })],
    ['a hostname with an underscore', withNode({ hostname: 'a_b' })],
    ['a hostname with a blank', withNode({ hostname: 'a b' })],
    ['an address that is a name', withNode({ ip: 'a.example' })],
    ['an address out of range', withNode({ ip: '10.0.0.256' })],
    ['an address with leading zeros', withNode({ ip: '10.0.0.01' })],
    ['port 0', withNode({ port: 0 })],
    ['port 65536', withNode({ port: 65_536 })],
    [
      'more than 65,536 bytes',
      config({ nodes: Array.from({ length: 3000 }, (_, i) => ({ ...NODE, hostname: `node-${i}.example.org` })) }),
    ],
  ])('is not made of %s', (_, bad) => {
    expect(clusterConfigProblems(bad)).toHaveLength(1);
    expect(() => encodeClusterConfig(bad)).toThrow(/^Cannot encode the cluster configuration: /);
  });

  test('that others write is read with CR, without its last LF and with blanks at its end', () => {
    const wanted = { version: 3, nodes: [NODE] };
    for (const text of [
      '3\na.example|10.0.0.1|11211\n',
      '3\r\nA.example|10.0.0.1|11211\r\n',
      '3\na.example|10.0.0.1|11211 ',
    ]) {
      expect(parseClusterConfig(bytesOf(text))).toEqual(wanted);
    }
  });

  test.each([
    '',
    '1',
    '1\n',
    'x\na|1.2.3.4|1\n',
    '1\na|1.2.3.4\n',
    '1\na|1.2.3.4|x\n',
    '1\na|1|2|3\n',
    '1\na||1\nb||2\n',
    '0\na||1\n',
    '1\n|1.2.3.4|1\n',
    '1\na||1  b||1\n',
    '1\na||99999\n',
    'END\r\n',
  ])('is not %j', (text) => {
    expect(typeof parseClusterConfig(bytesOf(text))).toBe('string');
  });

  test('of arbitrary bytes is read without an exception', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseClusterConfig(bytes)));
  });
});
