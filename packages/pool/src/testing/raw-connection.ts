/**
 * A socket for the tests of listeners: sends bytes as they are, and collects what comes until the other side ends.
 *
 * For requests that no HTTP client would make: halves, floods, silence. Errors of the socket count as its end.
 */
import { createConnection, type NetConnectOpts, type Socket } from 'node:net';

export interface RawConnection {
  readonly socket: Socket;
  /** Everything that came, once the connection is over. */
  readonly received: Promise<string>;
}

export function rawConnection(where: NetConnectOpts, bytes: string): RawConnection {
  const socket = createConnection(where);
  let text = '';
  const received = new Promise<string>((resolve) => {
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
  socket.write(bytes);
  return { socket, received };
}

/** A whole POST; `connection: close`, so that the answer ends by itself. */
export function post(
  path: string,
  body: string,
  headers: readonly string[] = ['content-type: application/json'],
): string {
  const lines = [
    `POST ${path} HTTP/1.1`,
    'host: pool',
    'connection: close',
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return `${[...lines, ...headers].join('\r\n')}\r\n\r\n${body}`;
}

/** Status and JSON of an answer. */
export function readAnswer(text: string): readonly [status: number, body: Record<string, unknown>] {
  const [head, body] = text.split('\r\n\r\n');
  return [Number(head.split(' ')[1]), JSON.parse(body)];
}
