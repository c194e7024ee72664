import { expect, test } from '@jest/globals';
import { checkServerOptions, OptionProblemCode, resolveServerOptions, ServerOptionsError } from './option-checks.js';
import { SERVER_OPTION_DEFAULTS, type ServerOptions } from './options.js';

/** Options that cannot be: one value for each rule's edge. */
const REFUSED: readonly ServerOptions[] = [
  { port: -1 },
  { port: 65_536 },
  { port: 1.5 },
  { listen: ['a b'] },
  { listen: ['127.0.0.1:99999'] },
  { unixSocket: '' },
  { unixSocket: 'x'.repeat(108) },
  { unixMask: 0o1000 },
  { backlog: 0 },
  { memoryLimitBytes: 1024 },
  { itemSizeMaxBytes: 1023 },
  { growthFactor: 1 },
  { growthFactor: Number.NaN },
  { minSizeBytes: 0 },
  { slabAutomove: 3 },
  { slabAutomoveRatio: 1.01 },
  { slabAutomoveWindow: 2 },
  { hashPower: 11 },
  { hotLruPercent: 80 },
  { threads: 0 },
  { maxConnections: 0 },
  { requestsPerEvent: 0 },
  { prefixDelimiter: '::' },
  { verbosity: 4 },
];

test('the defaults are sound', () => {
  expect(checkServerOptions(SERVER_OPTION_DEFAULTS)).toEqual([]);
  expect(resolveServerOptions({})).toEqual(SERVER_OPTION_DEFAULTS);
});

test.each(REFUSED)('a value outside its range is refused by name: %j', (options) => {
  const [problem, ...others] = checkServerOptions(options);
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ code: OptionProblemCode.NOT_ALLOWED, option: Object.keys(options)[0] });
});

test('values of another type than asked are refused, not converted', () => {
  const options = { threads: '4', cas: 1, listen: 'localhost', port: '11211' } as unknown as ServerOptions;
  expect(checkServerOptions(options).map(({ option }) => option)).toEqual(['threads', 'cas', 'listen', 'port']);
});

test('a name that is no option is refused', () => {
  expect(checkServerOptions({ prot: 1 } as unknown as ServerOptions)).toMatchObject([
    { code: 'UNKNOWN', option: 'prot' },
  ]);
});

test('an option that is undefined takes its default', () => {
  expect(resolveServerOptions({ threads: undefined, port: 0 })).toEqual({ ...SERVER_OPTION_DEFAULTS, port: 0 });
});

test.each<[ServerOptions, keyof ServerOptions]>([
  [{ itemSizeMaxBytes: 64 * 1_048_576 }, 'itemSizeMaxBytes'],
  [{ itemSizeMaxBytes: 262_144 }, 'slabChunkMaxBytes'],
  [{ itemSizeMaxBytes: 1_000_000 }, 'itemSizeMaxBytes'],
  [{ slabChunkMaxBytes: 3 * 1024, itemSizeMaxBytes: 3 * 1024 * 300 }, 'slabChunkMaxBytes'],
  [{ hotLruPercent: 50, warmLruPercent: 40 }, 'hotLruPercent'],
  [{ temporaryLru: true, lruMaintainer: false }, 'temporaryLru'],
])('options that contradict each other are refused: %j', (options, option) => {
  expect(checkServerOptions(options)).toMatchObject([{ code: OptionProblemCode.CONFLICT, option }]);
});

test('all problems are named at once', () => {
  const resolve = () => resolveServerOptions({ threads: 0, verbosity: 9, prefixDelimiter: '' });
  expect(resolve).toThrow(ServerOptionsError);
  expect(resolve).toThrow(
    'Cannot start the server: threads is 0, allowed: a whole number from 1 to 512; ' +
      'verbosity is 9, allowed: a whole number from 0 to 3; prefixDelimiter is "", allowed: one ASCII character',
  );
});

test('a secret is 32 lower-case hex digits, and a bad one is not shown', () => {
  expect(checkServerOptions({ clusterSecret: '0123456789abcdef'.repeat(2) })).toEqual([]);
  expect(checkServerOptions({ clusterSecret: null })).toEqual([]);
  for (const clusterSecret of ['', 'ABCDEF0123456789ABCDEF0123456789', 'a'.repeat(31), 'a'.repeat(33)]) {
    expect(checkServerOptions({ clusterSecret })).toEqual([
      {
        code: 'NOT_ALLOWED',
        option: 'clusterSecret',
        value: '(not shown)',
        allowed: 'null or 32 lower-case hex digits',
      },
    ]);
  }
});
