/**
 * Checks the parameters of a request against its schema, and tells all that is wrong with them in one PoolError: by the
 * name of each parameter, with what it must be and what it is. Called by the actions and by the registration listener.
 *
 * Unknown parameters are refused by name as well, since one that is misspelt would silently do nothing.
 */
import type * as z from 'zod';
import { PoolError, PoolErrorCode } from './errors.js';

const SHOWN_CHARACTERS_MAX = 60;
const PROBLEMS_MAX = 20;

/** The checked request; `what` names it in the message: "CreateCacheCluster", "register". */
export function checkedRequest<Schema extends z.ZodType>(
  what: string,
  schema: Schema,
  parameters: unknown,
): z.output<Schema> {
  if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters)) {
    throw new PoolError(PoolErrorCode.INVALID_VALUE, `Cannot ${what}: the parameters are not a JSON object`);
  }
  const { success, data, error } = schema.safeParse(parameters);
  if (success) return data;
  const problems = [...new Set(error.issues.flatMap((issue) => problemsOf(issue, parameters)))];
  const shown = problems.slice(0, PROBLEMS_MAX);
  if (problems.length > shown.length) shown.push(`and ${problems.length - shown.length} more`);
  const onlyCombinations = error.issues.every(isCombination);
  const code = onlyCombinations ? PoolErrorCode.INVALID_COMBINATION : PoolErrorCode.INVALID_VALUE;
  throw new PoolError(code, `Cannot ${what}: ${shown.join('; ')}`);
}

function isCombination(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'custom' && issue.params?.combination === true;
}

function problemsOf(issue: z.core.$ZodIssue, parameters: object): readonly string[] {
  const path = pathOf(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `there is no parameter ${cut(pathOf([...issue.path, key]))}`);
  }
  if (isCombination(issue)) return [`${path} ${issue.message}`];
  const value = valueAt(parameters, issue.path);
  if (value === undefined) return [`${path} is missing: it ${issue.message}`];
  return [`${cut(path)} ${issue.message}, not ${cut(JSON.stringify(value))}`];
}

function valueAt(parameters: object, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, step) => (value as Record<PropertyKey, unknown> | undefined)?.[step], parameters);
}

/** `NodePorts[2]`, `address.port`. */
function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i > 0 ? '.' : ''}${String(step)}`))
    .join('');
}

function cut(text: string): string {
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}
