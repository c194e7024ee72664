/**
 * The word that asks for completions instead of a command: spoken by the scripts of `shoal completion`, heard by main.ts,
 * in no help page. A file of its own, because main.ts loads nothing of yargs for it.
 */
export const COMPLETE_WORD = '--complete';
