/**
 * Reads the answer to `config get cluster`, however the network cut it into pieces. Called by discovery.ts with every
 * piece that arrives; pure, holds at most DISCOVERY_BYTES_MAX bytes.
 *
 *     CONFIG cluster <flags> <bytes> CRLF <payload> CRLF END CRLF     or a single line: END, ERROR, SERVER_ERROR …
 */
import { type ClusterConfig, CONFIG_BYTES_MAX, parseClusterConfig } from '@shoal/protocol';

/** Where an answer went wrong, or that it went well. A refusal is what clients tell their operators. */
export type DiscoveryReply =
  | { readonly kind: 'config'; readonly config: ClusterConfig }
  | { readonly kind: 'no-nodes' }
  | { readonly kind: 'not-supported' }
  | { readonly kind: 'malformed'; readonly reason: string };

const LF = 10;
/** The header has 30 bytes, and no error that a server sends is nearly as long as this. */
const LINE_BYTES_MAX = 512;
const TAIL_PATTERN = /^\r?\nEND\r?\n$/;
const TAIL = '\r\nEND\r\n';
const DISCOVERY_BYTES_MAX = LINE_BYTES_MAX + CONFIG_BYTES_MAX + TAIL.length;

export class DiscoveryReplyReader {
  #bytes = Buffer.allocUnsafe(4096);
  #length = 0;

  /** Undefined while the answer is incomplete. Not called again after an answer. */
  push(piece: Uint8Array): DiscoveryReply | undefined {
    this.#append(piece);
    return this.#read();
  }

  /** What the server sent before it hung up, for the error that says so. */
  get receivedBytes(): number {
    return this.#length;
  }

  #append(piece: Uint8Array): void {
    const taken = piece.subarray(0, DISCOVERY_BYTES_MAX - this.#length);
    const needed = this.#length + taken.length;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.min(DISCOVERY_BYTES_MAX, Math.max(needed, this.#bytes.length * 2)));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(taken, this.#length);
    this.#length = needed;
  }

  #read(): DiscoveryReply | undefined {
    const lineEnd = this.#bytes.subarray(0, Math.min(this.#length, LINE_BYTES_MAX)).indexOf(LF);
    if (lineEnd === -1) return this.#length < LINE_BYTES_MAX ? undefined : malformed('its first line does not end');
    const line = this.#bytes.toString('latin1', 0, lineEnd).replace(/\r$/, '');
    if (line === 'END') return { kind: 'no-nodes' };
    if (line === 'ERROR') return { kind: 'not-supported' };
    const header = /^CONFIG cluster \d{1,10} (\d{1,10})$/.exec(line);
    if (header === null) return malformed(`it says "${line.slice(0, 80)}"`);
    return this.#readPayload(lineEnd + 1, Number(header[1]));
  }

  #readPayload(start: number, payloadBytes: number): DiscoveryReply | undefined {
    if (payloadBytes > CONFIG_BYTES_MAX)
      return malformed(`${payloadBytes} bytes exceed the limit of ${CONFIG_BYTES_MAX}`);
    const end = start + payloadBytes;
    if (this.#length <= end) return undefined;
    const tail = this.#bytes.toString('latin1', end, this.#length);
    if (!TAIL_PATTERN.test(tail)) {
      const possible = TAIL.startsWith(tail) || TAIL.startsWith(`\r${tail}`);
      return possible ? undefined : malformed('END does not follow the configuration');
    }
    const config = parseClusterConfig(this.#bytes.subarray(start, end));
    return typeof config === 'string' ? malformed(config) : { kind: 'config', config };
  }
}

function malformed(reason: string): DiscoveryReply {
  return { kind: 'malformed', reason };
}
