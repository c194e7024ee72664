import { describe, expect, test } from '@jest/globals';
import { serverHelp } from './help.js';
import { EXTENDED_OPTIONS } from './options/extended-options.js';
import { SERVER_FLAGS } from './options/server-flags.js';

const HELP = serverHelp(100);

const WORKING_FLAGS = SERVER_FLAGS.filter(({ refusal }) => !refusal);

/** What memcached's test suite looks for in `-h`, to learn what a server cannot do; any case. */
const FORBIDDEN = ['sasl', 'ext_path', 'proxy_config', 'enable-ssl', 'no_drop_privileges', 'memcached 1.1.'];

describe('the help page of shoal server', () => {
  test.each(WORKING_FLAGS.map(({ short, name }) => [short ? `-${short}, --${name}` : `--${name}`]))(
    'names %s',
    (flag) => {
      expect(HELP).toMatch(new RegExp(`^ +${flag}(=| |$)`, 'm'));
    },
  );

  test.each(EXTENDED_OPTIONS.map(({ name }) => [name]))('names -o %s', (name) => {
    expect(HELP).toMatch(new RegExp(`^  ${name}(\\[?=| |$)`, 'm'));
  });

  test('mentions unix-socket, so that the suite of memcached uses it', () => {
    expect(HELP).toMatch(/unix-socket/i);
  });

  test.each(FORBIDDEN)('does not say %s', (word) => {
    expect(HELP.toLowerCase()).not.toContain(word);
  });

  test.each(SERVER_FLAGS.filter(({ refusal }) => refusal).map(({ name }) => name))(
    'names only what works, so not --%s',
    (name) => {
      expect(HELP).not.toContain(name);
    },
  );

  test.each([80, 100])('fits %i columns', (columns) => {
    for (const line of serverHelp(columns).split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
  });

  test('says every default that there is', () => {
    for (const { default: shown } of [...WORKING_FLAGS, ...EXTENDED_OPTIONS]) {
      if (shown !== undefined) expect(HELP).toContain(`(default: ${shown})`);
    }
  });
});
