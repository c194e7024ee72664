/**
 * Addresses as they are typed on the command line: what `@shoal/client` reads, with the flag named when it cannot be read,
 * and port 0 where that means any free one. Called by every command that takes an address.
 */
import { parseAddress, type ServerAddress } from '@shoal/client';
import { CommandError } from './command-error.js';

const ANY_PORT = /:0$/;

export function readAddress(text: string, flag: string): ServerAddress {
  try {
    return parseAddress(text.trim());
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CommandError('BAD_OPTIONS', [`${flag}: "${text}" is not allowed; allowed: host:port or [IPv6]:port`]);
  }
}

/** The same for a place to listen, where port 0 is any free one. */
export function readListenAddress(text: string, flag: string): ServerAddress {
  if (!ANY_PORT.test(text)) return readAddress(text, flag);
  return { ...readAddress(text.replace(ANY_PORT, ''), flag), port: 0 };
}
