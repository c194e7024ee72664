import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';

interface NodeVersion {
  isSupported(version: string): boolean;
  problemWith(version: string, path: string): string | null;
}

const bin = new URL('../bin/', import.meta.url);
const nodeVersion = createRequire(import.meta.url)(new URL('node-version.js', bin).pathname) as NodeVersion;

describe('the gate for Node.js versions', () => {
  test.each(['v20.19.0', 'v20.20.2', 'v22.12.0', 'v22.20.1', 'v24.0.0', 'v26.1.0'])('lets %s in', (version) => {
    expect(nodeVersion.problemWith(version, '/usr/bin/node')).toBeNull();
  });

  test.each(['v0.10.48', 'v6.17.1', 'v18.20.8', 'v20.18.3', 'v21.7.3', 'v22.11.0', 'v23.11.0'])(
    'refuses %s by name, and says what is needed',
    (version) => {
      const problem = nodeVersion.problemWith(version, '/opt/node/bin/node');
      expect(problem).toContain(version);
      expect(problem).toContain('/opt/node/bin/node');
      expect(problem).toContain('20.19');
    },
  );

  test('agrees with "engines" of the package', () => {
    const manifest = JSON.parse(readFileSync(new URL('../package.json', bin.href), 'utf8')) as {
      engines: { node: string };
    };
    expect(manifest.engines.node).toBe('^20.19.0 || ^22.12.0 || >=24.0.0');
    const edges = {
      '20.18.9': false,
      '20.19.0': true,
      '21.9.9': false,
      '22.11.9': false,
      '22.12.0': true,
      '24.0.0': true,
    };
    const answers = Object.keys(edges).map((version) => [version, nodeVersion.isSupported(version)]);
    expect(Object.fromEntries(answers)).toEqual(edges);
  });

  test.each(['shoal.js', 'node-version.js'])('reads %s without syntax younger than the versions it refuses', (file) => {
    const source = readFileSync(new URL(file, bin), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
    expect(source).not.toMatch(/\b(const|let|class|import|async|await)\b|=>|`|\?\.|\?\?/);
  });
});
