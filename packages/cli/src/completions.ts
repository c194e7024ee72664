/**
 * What may stand where the cursor is: asked by the scripts of `shoal completion` through a word that no help page shows.
 * Commands and flags come from the tables they are declared in; names of clusters and nodes from the pool, if one runs.
 * Never fails and never talks: a shell in the middle of a line wants words or nothing.
 */
import { isGroup } from './command.js';
import { COMMANDS, commandParser } from './command-line.js';
import { SERVER_COMMAND } from './commands/server.js';
import type { CommandContext } from './context.js';
import { ExitCode } from './exit-code.js';
import { SERVER_FLAGS } from './options/server-flags.js';
import { clustersIfAny } from './pool-connection.js';

/** Prints one candidate a line. `words` are those after `shoal`, the last one unfinished and perhaps empty. */
export async function complete(context: CommandContext, words: readonly string[]): Promise<number> {
  const last = words.at(-1) ?? '';
  const candidates = await candidatesFor(context, words.slice(0, -1), last);
  for (const candidate of new Set(candidates)) {
    if (candidate.startsWith(last)) context.write(`${candidate}\n`);
  }
  return ExitCode.OK;
}

async function candidatesFor(context: CommandContext, before: readonly string[], last: string): Promise<string[]> {
  const [first] = before;
  if (first === SERVER_COMMAND.command)
    return SERVER_FLAGS.filter(({ refusal }) => !refusal).map(({ name }) => `--${name}`);
  if (last.startsWith('-')) return flagsAfter(context, before);
  if (first === undefined) return [SERVER_COMMAND.command, ...COMMANDS.map(nameOf)];
  const command = COMMANDS.find((each) => nameOf(each) === first);
  if (command === undefined) return [];
  if (isGroup(command) && before.length === 1) return command.commands.map(nameOf);
  const form = isGroup(command)
    ? command.commands.find((each) => nameOf(each) === before[1])?.command
    : command.command;
  return form === undefined ? [] : namesFor(context, form.split(' ').slice(1), before.slice(isGroup(command) ? 2 : 1));
}

/** What the help page of the command lists is what can be completed. */
async function flagsAfter(context: CommandContext, before: readonly string[]): Promise<string[]> {
  let page = '';
  const parser = commandParser(context, { exitCode: 0 });
  await parser.parseAsync([...before, '--help'], {}, (_error, _parsed, output) => {
    page = output;
  });
  return page.match(/--[a-z][a-z-]+/g) ?? [];
}

/** Positions are named in the form of the command: `<cluster>`, `<node>`, `[nodes..]`, `<shell>`. */
async function namesFor(context: CommandContext, form: readonly string[], given: readonly string[]): Promise<string[]> {
  const words = given.filter((word) => !word.startsWith('-'));
  const position = form[Math.min(words.length, form.length - 1)] ?? '';
  if (position.includes('shell')) return ['bash', 'zsh'];
  if (position.includes('cluster')) return (await clustersIfAny(context)).map(({ CacheClusterId }) => CacheClusterId);
  if (!position.includes('node')) return [];
  const cluster = (await clustersIfAny(context)).find(({ CacheClusterId }) => CacheClusterId === words[0]);
  return cluster?.CacheNodes?.map(({ CacheNodeId }) => CacheNodeId) ?? [];
}

function nameOf({ command }: { readonly command: string }): string {
  return command.split(' ')[0];
}
