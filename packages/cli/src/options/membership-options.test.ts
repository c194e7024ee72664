/** The options that make a node a member of a cluster: flags, the secrets of the environment, and what goes together. */
import { describe, expect, test } from '@jest/globals';
import { checkServerOptions } from '@shoal/server/option-checks';
import type { ServerOptions } from '@shoal/server/options';
import { readArguments } from './arguments.js';
import { SERVER_FLAGS } from './server-flags.js';
import { describeProblem, gatherServerOptions } from './server-options.js';

type Flags = Readonly<Record<string, string>>;

function gather(flags: Flags, environment: Readonly<Record<string, string>> = {}) {
  const words = Object.entries(flags).map(([name, text]) => `--${name}=${text}`);
  return gatherServerOptions(readArguments(words, SERVER_FLAGS), environment, () => '');
}

function optionsOf(flags: Flags, environment?: Readonly<Record<string, string>>): ServerOptions {
  const { options, problems } = gather(flags, environment);
  expect(problems).toEqual([]);
  return options;
}

describe('secrets', () => {
  const SECRET = '0123456789abcdef0123456789abcdef';

  test('come from the environment alone', () => {
    expect(optionsOf({}, { SHOAL_CLUSTER_SECRET: SECRET })).toEqual({ clusterSecret: SECRET });
    expect(SERVER_FLAGS.map(({ option }) => option)).not.toContain('clusterSecret');
  });

  test('that are wrong are named by their variable and not shown', () => {
    const { options, given } = gather({}, { SHOAL_CLUSTER_SECRET: 'hunter2' });
    expect(checkServerOptions(options).map((problem) => describeProblem(problem, given))).toEqual([
      'SHOAL_CLUSTER_SECRET: "(not shown)" is not allowed; allowed: null or 32 lower-case hex digits',
    ]);
  });

  test('of a pool concern a node that registers with it, and no other', () => {
    const environment = { SHOAL_POOL_TOKEN: 'token' };
    expect(optionsOf({}, environment)).toEqual({});
    expect(optionsOf({ pool: 'p:1', cluster: 'dev' }, environment)).toEqual({
      poolAddresses: ['p:1'],
      clusterId: 'dev',
      poolToken: 'token',
    });
    expect(optionsOf({ pool: 'p:1', cluster: 'dev' }, { SHOAL_POOL_TOKEN: '' })).toEqual({
      poolAddresses: ['p:1'],
      clusterId: 'dev',
    });
  });
});

describe('flags that join a cluster', () => {
  function problemsOf(flags: Flags): string[] {
    const { options, given } = gather(flags);
    return checkServerOptions(options).map((problem) => describeProblem(problem, given));
  }

  test.each<[Flags, string]>([
    [{ pool: 'p:1' }, '--cluster: "null" is not allowed; allowed: the name of a cluster, with --pool'],
    [{ cluster: 'dev' }, '--cluster: "dev" is not allowed; allowed: null without --pool'],
    [{ advertise: 'a:1' }, '--advertise: "a:1" is not allowed; allowed: nothing without --pool'],
    [{ pool: 'p', cluster: 'dev' }, '--pool: "p" is not allowed; allowed: host:port of a pool daemon'],
    [{ pool: 'p:0', cluster: 'dev' }, '--pool: "p:0" is not allowed'],
    [{ pool: 'p:1', cluster: 'De_v' }, '--cluster: "De_v" is not allowed'],
    [{ pool: 'p:1', cluster: 'dev--x' }, '--cluster: "dev--x" is not allowed'],
    [{ pool: 'p:1', cluster: 'dev', advertise: 'a' }, '--advertise: "a" is not allowed'],
    [{ pool: 'p:1', cluster: 'dev', advertise: 'a:1,b:2' }, 'one address a listener'],
    [{ pool: 'p:1', cluster: 'dev', advertise: '5=b:2' }, 'listeners among the ports of this node: 11211'],
    [{ pool: 'p:1', cluster: 'dev', port: '0' }, '--pool: "p:1" is not allowed; allowed: nothing without a TCP port'],
  ])('%j is refused with a reason', (flags, reason) => {
    expect(problemsOf(flags).join('\n')).toContain(reason);
  });

  test('are good together, with a listener of their own or with any port', () => {
    const joining = { pool: 'p:1,[::1]:2', cluster: 'dev' };
    expect(problemsOf(joining)).toEqual([]);
    expect(problemsOf({ ...joining, listen: '*:1,*:11311', advertise: 'n.example:1,11311=out.example:5' })).toEqual([]);
    expect(problemsOf({ ...joining, port: '-1', advertise: '5=b:2' })).toEqual([]);
  });
});

test('the memory limit may be auto', () => {
  expect(optionsOf({ 'memory-limit': 'auto' })).toEqual({ memoryLimitBytes: 'auto' });
  expect(optionsOf({}, { SHOAL_OPT_MEMORY_LIMIT: 'auto' })).toEqual({ memoryLimitBytes: 'auto' });
});
