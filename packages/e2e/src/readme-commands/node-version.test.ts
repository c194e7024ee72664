import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ROOT } from '../house-rules/source-file.js';

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** Runs the check as the scripts do, in a Node.js that says it is another version. */
function checkOn(version: string) {
  const pretend = `Object.defineProperty(process, 'version', { value: '${version}' });`;
  const code = `${pretend} require('./scripts/check-node.cjs'); console.log('passed');`;
  return spawnSync(process.execPath, ['-e', code], { cwd: ROOT, encoding: 'utf8' });
}

describe('the check of the Node.js version', () => {
  test.each(['start', 'test', 'build', 'bench'])('comes before everything else in npm run %s', (name) => {
    expect(scripts[name]).toMatch(/^(exec )?node -r \.\/scripts\/check-node\.cjs scripts\/[a-z-]+\.js$/);
  });

  test.each(['v12.22.12', 'v18.20.8', 'v20.18.3', 'v22.11.0', 'v23.1.0'])('refuses %s by name', (version) => {
    const { status, stdout, stderr } = checkOn(version);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(`This is ${version} `);
    expect(stderr).toContain('20.19');
  });

  test.each(['v20.19.0', 'v20.20.2', 'v22.12.0', 'v24.0.0', 'v26.10.0'])('lets %s pass', (version) => {
    expect(checkOn(version).stdout).toBe('passed\n');
  });
});
