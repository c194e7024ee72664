/**
 * Short questions to one server of a pool, each over a connection of its own: which list it shows, which process it is, and
 * which of some keys it holds.
 *
 * Asked by the watch, the ledger and the walk through cluster sizes. A server that does not answer within the deadline is
 * null: whether that is a fault, the caller knows.
 */
import { connect } from 'node:net';

export interface ServerAnswer {
  /** 0: it has no list. */
  readonly version: number;
  readonly list: string;
  /** 0: it did not say, as the endpoint does not. */
  readonly pid: number;
}

export interface Question {
  readonly port: number;
  readonly request: string;
  /** Tells from all that has arrived whether the answer is whole. */
  readonly isWhole: (text: string) => boolean;
  readonly host?: string;
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 1_000;
const KEYS_A_QUESTION = 500;

export function ask({ port, request, isWhole, host = '127.0.0.1', deadlineMs = DEADLINE_MS }: Question) {
  return new Promise<string | null>((resolve) => {
    const socket = connect({ host, port });
    let text = '';
    const finish = (answer: string | null): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => finish(null), deadlineMs);
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part;
      if (isWhole(text)) finish(text);
    });
    socket.on('error', () => finish(null));
    socket.on('close', () => finish(null));
    socket.write(request);
  });
}

/** What a node says of itself. */
export async function askNode(port: number, host?: string): Promise<ServerAnswer | null> {
  const isWhole = (text: string) => text.endsWith('END\r\n') && (text.match(/^END\r$/gm)?.length ?? 0) >= 2;
  const text = await ask({ port, host, request: 'config get cluster\r\nstats\r\n', isWhole });
  return text === null ? null : { ...listIn(text), pid: Number(/^STAT pid (\d+)/m.exec(text)?.[1] ?? 0) };
}

/** What a server shows as the list of its cluster. */
export async function askList(port: number, host?: string): Promise<ServerAnswer | null> {
  const isWhole = (text: string) => text.endsWith('END\r\n') || text.endsWith('ERROR\r\n');
  const text = await ask({ port, host, request: 'config get cluster\r\n', isWhole });
  return text === null ? null : { ...listIn(text), pid: 0 };
}

/** The values of those keys that this server holds; null if it does not answer. */
export async function askValues(port: number, keys: readonly string[]): Promise<Map<string, string> | null> {
  const values = new Map<string, string>();
  for (let start = 0; start < keys.length; start += KEYS_A_QUESTION) {
    const request = `get ${keys.slice(start, start + KEYS_A_QUESTION).join(' ')}\r\n`;
    const isWhole = (text: string) => text.endsWith('END\r\n');
    const text = await ask({ port, request, isWhole, deadlineMs: 5 * DEADLINE_MS });
    if (text === null) return null;
    for (const [, key, value] of text.matchAll(/^VALUE (\S+) \d+ \d+\r\n(.*)\r$/gm)) values.set(key, value);
  }
  return values;
}

function listIn(text: string): { readonly version: number; readonly list: string } {
  const [, version, list] = /^CONFIG cluster \d+ \d+\r\n(\d+)\n([^\n]*)\n/.exec(text) ?? [];
  return { version: Number(version ?? 0), list: list ?? '' };
}

/** The ports of a list, in its order. */
export function portsIn(list: string): readonly number[] {
  return list === '' ? [] : list.split(' ').map((node) => Number(node.split('|')[2]));
}
