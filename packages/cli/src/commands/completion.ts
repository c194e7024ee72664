/**
 * `shoal completion bash|zsh`: the script that makes a shell complete commands, flags, and the names of clusters and
 * nodes. The script asks `shoal` itself (completions.ts), so it need not be printed again when commands change.
 */
import type { Command } from '../command.js';
import { COMPLETE_WORD } from '../completion-word.js';
import { ExitCode } from '../exit-code.js';

const SCRIPTS = { bash: bashScript, zsh: zshScript } as const;
type Shell = keyof typeof SCRIPTS;

interface CompletionFlags {
  shell: Shell;
}

export const COMPLETION_COMMAND: Command<CompletionFlags> = {
  command: 'completion <shell>',
  describe: 'Print the completion script of a shell',
  builder: (parser) =>
    parser
      .positional('shell', { choices: ['bash', 'zsh'] as const, demandOption: true, describe: 'bash or zsh' })
      .epilogue('bash: eval "$(shoal completion bash)" in ~/.bashrc\nzsh:  eval "$(shoal completion zsh)" in ~/.zshrc'),
  handler: async (context, { shell }) => {
    context.write(SCRIPTS[shell]());
    return ExitCode.OK;
  },
};

/** Words are handed over one by one, so a blank inside a word stays inside it. */
function bashScript(): string {
  return `# Completion of shoal for bash
_shoal_complete() {
  local IFS=$'\\n'
  COMPREPLY=($(shoal ${COMPLETE_WORD} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o bashdefault -o default -F _shoal_complete shoal
`;
}

function zshScript(): string {
  return `#compdef shoal
# Completion of shoal for zsh
_shoal_complete() {
  local -a candidates
  candidates=("\${(@f)$(shoal ${COMPLETE_WORD} "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a candidates
}
if [ "\${funcstack[1]}" = "_shoal_complete" ]; then _shoal_complete "$@"; else compdef _shoal_complete shoal; fi
`;
}
