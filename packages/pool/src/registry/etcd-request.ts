/**
 * One POST to etcd's JSON gateway, whole or as a stream of lines, over node:http or node:https.
 *
 * Used by etcd-gateway.ts (calls) and etcd-watch.ts (the watch). The gateway takes and gives JSON; keys and values are
 * base64 and 64-bit numbers are strings. Every call has a deadline and a bound on its answer; a stream has a deadline for
 * its beginning, a bound on one line, and TCP keepalive.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export type Json = Readonly<Record<string, unknown>>;

/** What etcd itself answered instead of a result; `grpcCode` is the gRPC status of its v3 API. */
export class EtcdAnswerError extends Error {
  readonly grpcCode: number;

  constructor(grpcCode: number, message: string) {
    super(message);
    this.grpcCode = grpcCode;
  }
}

export interface EtcdRequest {
  readonly endpoint: string;
  /** `/v3/kv/range`. */
  readonly path: string;
  readonly body: Json;
  readonly token: string | null;
  readonly deadlineMs: number;
}

/** etcd takes 1.5 MB in a request, and a list of all clusters stays far below this. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const MAX_LINE_CHARACTERS = 64 * 1024 * 1024;
const KEEPALIVE_MS = 5_000;

const httpAgent = new HttpAgent({ keepAlive: true, maxSockets: 32 });
const httpsAgent = new HttpsAgent({ keepAlive: true, maxSockets: 32 });

export function postJson(request: EtcdRequest): Promise<Json> {
  const signal = AbortSignal.timeout(request.deadlineMs);
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(signal.aborted ? late(request.deadlineMs) : error);
    send(request, { signal, pooled: true }, (response) => {
      textOf(response).then((text) => settle(response.statusCode ?? 0, text, resolve, reject), fail);
    }).on('error', fail);
  });
}

/** Ends a stream; any number of calls. */
export type EndStream = () => void;

/** Hands over each line of an answer that does not end; `onEnd` is told once why there are no more, unless it was ended. */
export function postStream(
  request: EtcdRequest,
  on: { readonly line: (message: Json) => void; readonly end: (error: Error) => void },
): EndStream {
  let isOver = false;
  const finish = (error: Error): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(deadline);
    outgoing.destroy();
    on.end(error);
  };
  const deadline = setTimeout(() => finish(late(request.deadlineMs)), request.deadlineMs);
  const outgoing = send(request, { signal: null, pooled: false }, (response) => {
    clearTimeout(deadline);
    let unfinished = '';
    response.setEncoding('utf8').on('data', (text: string) => {
      const lines = (unfinished + text).split('\n');
      unfinished = lines.pop() ?? '';
      if (unfinished.length > MAX_LINE_CHARACTERS) finish(new Error('etcd sends a line without an end'));
      for (const line of lines) if (!isOver) readLine(line, on.line, finish);
    });
    // Node.js says no more than "aborted" of a server that was killed.
    const broken = `${request.endpoint}: etcd closed the watch`;
    response.on('error', ({ message }) => finish(new Error(`${broken} (${message})`)));
    response.on('close', () => finish(new Error(broken)));
  });
  outgoing.on('error', finish);
  outgoing.on('socket', (socket) => socket.setKeepAlive(true, KEEPALIVE_MS));
  return () => {
    isOver = true;
    clearTimeout(deadline);
    outgoing.destroy();
  };
}

function send(
  { endpoint, path, body, token }: EtcdRequest,
  { signal, pooled }: { readonly signal: AbortSignal | null; readonly pooled: boolean },
  onResponse: (response: IncomingMessage) => void,
): ReturnType<typeof httpRequest> {
  const text = JSON.stringify(body);
  const isTls = endpoint.startsWith('https:');
  const outgoing = (isTls ? httpsRequest : httpRequest)(
    endpoint + path,
    {
      method: 'POST',
      agent: pooled ? (isTls ? httpsAgent : httpAgent) : false,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
        ...(token === null ? {} : { authorization: token }),
      },
      ...(signal === null ? {} : { signal }),
    },
    onResponse,
  );
  outgoing.end(text);
  return outgoing;
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`etcd answers more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function settle(status: number, text: string, resolve: (value: Json) => void, reject: (error: Error) => void): void {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch {
    reject(new Error(`it answers HTTP ${status} and no JSON: no etcd with the v3 API?`));
    return;
  }
  if (status === 200 && value.error === undefined) resolve(value);
  else reject(answerError(value));
}

function readLine(line: string, onLine: (message: Json) => void, finish: (error: Error) => void): void {
  if (line.trim() === '') return;
  try {
    const value: Json = JSON.parse(line);
    if (value.result === undefined) finish(answerError((value.error ?? value) as Json));
    else onLine(value.result as Json);
  } catch (error) {
    finish(error as Error);
  }
}

/** `{"error","message","code"}` in etcd 3.4, `grpc_code` in the errors of its streams. */
function answerError(value: Json): Error {
  const code = Number(value.code ?? value.grpc_code ?? 2);
  return new EtcdAnswerError(code, String(value.message ?? value.error ?? JSON.stringify(value)));
}

function late(deadlineMs: number): Error {
  return new Error(`no answer within ${deadlineMs} ms`);
}
