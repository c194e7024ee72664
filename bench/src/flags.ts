// Reading single flags for both entries of the bench (load-options.ts, bench-options.ts): a value outside what
// is allowed is noted in the list of problems, with the flag, the value and the range, and the fallback stands
// in so that all problems are found at once.
export interface NumberFlag {
  name: string;
  text: string | undefined;
  fallback: number;
  min: number;
  max: number;
}

export function numberFlag({ name, text, fallback, min, max }: NumberFlag, problems: string[]): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (text.trim() !== '' && value >= min && value <= max) return value;
  problems.push(`--${name} ${text}: must be a number from ${min} to ${max}`);
  return fallback;
}

export interface ChoiceFlag<T extends string> {
  name: string;
  text: string | undefined;
  fallback: T;
  allowed: readonly T[];
}

export function choiceFlag<T extends string>({ name, text, fallback, allowed }: ChoiceFlag<T>, problems: string[]): T {
  if (text === undefined) return fallback;
  const found = allowed.find((one) => one === text);
  if (found === undefined) problems.push(`--${name} ${text}: must be one of ${allowed.join(', ')}`);
  return found ?? fallback;
}

/** parseArgs takes `--cpu -1` for two flags. */
export function joinNegative(args: string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    if (/^-\d/.test(arg) && joined.length > 0) joined.push(`${joined.pop()}=${arg}`);
    else joined.push(arg);
  }
  return joined;
}
