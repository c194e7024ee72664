/**
 * Lists of ports as they are typed: `12001,12002` and `12001-12010`. Called by `shoal up` and `shoal cluster create`.
 */
import { CommandError } from './command-error.js';

const PORT_MAX = 65_535;
const RANGE = /^(\d{1,5})(?:-(\d{1,5}))?$/;

/** In the order given. Throws a CommandError that names the flag and the part that cannot be read. */
export function readPorts(text: string, flag: string): number[] {
  return text.split(',').flatMap((part) => {
    const match = RANGE.exec(part.trim());
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? first);
    if (match === null || first < 1 || last > PORT_MAX || last < first) {
      throw new CommandError('BAD_OPTIONS', [
        `${flag}: "${part}" is not allowed; allowed: ports from 1 to ${PORT_MAX}, or first-last`,
      ]);
    }
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
