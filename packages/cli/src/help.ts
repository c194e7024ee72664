/**
 * The help page of `shoal server`, written from the tables of flags alone: it loads neither yargs nor the server, because
 * memcached's test suite and many scripts start `-h` only to look for a word in it. Whatever stands here works.
 */
import { FLAG_GROUPS, type OptionDefinition } from './options/definition.js';
import { EXTENDED_OPTIONS } from './options/extended-options.js';
import { SERVER_FLAGS } from './options/server-flags.js';
import { termLines, unbroken, wrap } from './output.js';
import { BEHAVIOUR_VERSION } from './version.js';

const FLAG_COLUMN = 34;
const EXTENDED_COLUMN = 36;

export function serverHelp(columns: number): string {
  const extended = EXTENDED_OPTIONS.map((option) => ({ ...option, term: extendedTerm(option) }));
  const flags = SERVER_FLAGS.filter((flag) => !flag.refusal).map((flag) => ({ ...flag, term: flagTerm(flag) }));
  const lines = [
    'Usage: shoal server [flags]',
    '',
    ...wrap(
      `Runs one cache node that clients of memcached use as they use memcached: its flags, with the meanings and` +
        ` defaults of ${BEHAVIOUR_VERSION}.`,
      columns,
    ),
    ...groupLines(flags, { indent: 2, column: FLAG_COLUMN, columns }),
    '',
    ...wrap(
      'Extended options: -o name,name=value,no_name, as often as wanted; the last one counts. A switch (on or off) is' +
        ' turned off with no_ in front of its name.',
      columns,
    ),
    ...groupLines(extended, { indent: 2, column: EXTENDED_COLUMN, columns }),
    '',
    ...closingLines(columns),
  ];
  return `${lines.join('\n')}\n`;
}

interface Termed extends OptionDefinition {
  readonly term: string;
}

function groupLines(options: readonly Termed[], layout: { indent: number; column: number; columns: number }): string[] {
  return FLAG_GROUPS.flatMap((group) => {
    const members = options.filter((option) => option.group === group);
    if (members.length === 0) return [];
    const described = members.flatMap((option) => termLines(option.term, explanation(option), layout));
    return ['', group, ...described];
  });
}

function flagTerm({ short, name, argument }: OptionDefinition): string {
  const value = argument === undefined ? '' : `=<${argument}>`;
  return `${short ? `-${short}, ` : '    '}--${name}${value}`;
}

function extendedTerm({ name, argument, impliedText }: OptionDefinition): string {
  if (argument === undefined) return name;
  return impliedText === undefined ? `${name}=<${argument}>` : `${name}[=<${argument}>]`;
}

function explanation(option: OptionDefinition): string {
  return option.default === undefined
    ? option.description
    : `${option.description} ${unbroken(`(default: ${option.default})`)}`;
}

function closingLines(columns: number): string[] {
  return [
    ...wrap(
      'Every flag can also be given as an environment variable, SHOAL_OPT_ and its long name, such as' +
        ' SHOAL_OPT_MEMORY_LIMIT=1024, or in the file of --config-file. The command line wins over the environment,' +
        ' and the environment over the file.',
      columns,
    ),
    '',
    ...wrap(
      'Two secrets are taken from the environment alone, because everybody can see the flags of a process:' +
        ' SHOAL_CLUSTER_SECRET, which whoever changes the configuration of this node has to know, and SHOAL_POOL_TOKEN,' +
        ' with which it registers at --pool.',
      columns,
    ),
    '',
    'Examples',
    '  shoal server -m 1024 -t 2 -c 10000',
    '  shoal server -l 127.0.0.1:11211,[::1]:11211 -I 8m -o idle_timeout=300',
    '  shoal server -s /run/shoal.sock -a 770 -d -P /run/shoal.pid -u nobody',
  ];
}
