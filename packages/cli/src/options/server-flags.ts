/**
 * The table of all flags of `shoal server`. Read by the parser, the environment, the configuration file, help and the
 * test that checks docs/command-line.md: whoever adds a flag adds a row (and runs that test), and nothing else.
 */
import type { OptionDefinition } from './definition.js';
import { PROCESS_FLAGS } from './process-flags.js';
import { SERVING_FLAGS } from './serving-flags.js';

export const SERVER_FLAGS: readonly OptionDefinition[] = [...SERVING_FLAGS, ...PROCESS_FLAGS];

/** `-c, --conn-limit`, or what there is of it. */
export function flagLabel(flag: OptionDefinition): string {
  return flag.short ? `-${flag.short}, --${flag.name}` : `--${flag.name}`;
}
