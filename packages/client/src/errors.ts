/**
 * Everything that an operation of the client can fail with: one class a reason, each with a stable `code`.
 *
 * Thrown (as rejections) by every method of Client. Messages read "Cannot <operation> <node>: <reason>" and never hold a
 * key or a value, because those are data. A miss is no error.
 */
export const ClientErrorCode = {
  TIMEOUT: 'TIMEOUT',
  ABORTED: 'ABORTED',
  /** The node is in quarantine, or no connection to it could be made. Nothing was sent. */
  NODE_DOWN: 'NODE_DOWN',
  /** The connection broke after the request was sent: it may or may not have taken effect. */
  CONNECTION_LOST: 'CONNECTION_LOST',
  /** The node answered ERROR, CLIENT_ERROR or SERVER_ERROR. */
  SERVER_ERROR: 'SERVER_ERROR',
  /** incr or decr of a value that is no number. */
  NOT_A_NUMBER: 'NOT_A_NUMBER',
  VALUE_TOO_LARGE: 'VALUE_TOO_LARGE',
  /** What arrived is not memcached's protocol; the connection was dropped. */
  MALFORMED_REPLY: 'MALFORMED_REPLY',
  /** The flags say JSON or a number, and the value is not. */
  UNREADABLE_VALUE: 'UNREADABLE_VALUE',
  BAD_KEY: 'BAD_KEY',
  BAD_VALUE: 'BAD_VALUE',
  BAD_OPTIONS: 'BAD_OPTIONS',
  /** More requests or bytes wait for one node than the options allow. */
  QUEUE_FULL: 'QUEUE_FULL',
  /** No list of nodes has been discovered yet. */
  NO_TOPOLOGY: 'NO_TOPOLOGY',
  /** Some entries of a setMany or nodes of a flush failed; `failures` says which. */
  PARTIAL_FAILURE: 'PARTIAL_FAILURE',
  CLIENT_CLOSED: 'CLIENT_CLOSED',
} as const;
export type ClientErrorCode = (typeof ClientErrorCode)[keyof typeof ClientErrorCode];

export class ClientError extends Error {
  readonly code: ClientErrorCode;

  constructor(code: ClientErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

export class RequestTimeoutError extends ClientError {
  constructor(operation: string, waitedForMs: number, node: string | null, options?: ErrorOptions) {
    const reason = `no reply within ${Math.round(waitedForMs)} ms`;
    super(ClientErrorCode.TIMEOUT, sentence(operation, node, reason), options);
  }
}

/** `cause` is the signal's reason. */
export class RequestAbortedError extends ClientError {
  constructor(operation: string, options?: ErrorOptions) {
    super(ClientErrorCode.ABORTED, sentence(operation, null, 'the caller withdrew it'), options);
  }
}

export class NodeDownError extends ClientError {
  readonly node: string;

  constructor(operation: string, node: string, reason: string, options?: ErrorOptions) {
    super(ClientErrorCode.NODE_DOWN, sentence(operation, node, reason), options);
    this.node = node;
  }
}

export class ConnectionLostError extends ClientError {
  readonly node: string;

  constructor(operation: string, node: string, reason: string, options?: ErrorOptions) {
    super(ClientErrorCode.CONNECTION_LOST, sentence(operation, node, reason), options);
    this.node = node;
  }
}

const TOO_LARGE = 'SERVER_ERROR object too large for cache';
const NOT_A_NUMBER = 'CLIENT_ERROR cannot increment or decrement non-numeric value';

/** `response` is the line of the node; SERVER_ERROR, NOT_A_NUMBER or VALUE_TOO_LARGE by what it says. */
export class ServerRefusedError extends ClientError {
  readonly response: string;

  constructor(operation: string, node: string | null, response: string) {
    super(refusalCode(response), sentence(operation, node, `it answered "${response}"`));
    this.response = response;
  }
}

function refusalCode(response: string): ClientErrorCode {
  if (response === TOO_LARGE) return ClientErrorCode.VALUE_TOO_LARGE;
  return response === NOT_A_NUMBER ? ClientErrorCode.NOT_A_NUMBER : ClientErrorCode.SERVER_ERROR;
}

export class MalformedReplyError extends ClientError {
  constructor(node: string, reason: string) {
    super(ClientErrorCode.MALFORMED_REPLY, `Cannot read the reply of ${node}: ${reason}`);
  }
}

export class UnreadableValueError extends ClientError {
  constructor(reason: string, options?: ErrorOptions) {
    super(ClientErrorCode.UNREADABLE_VALUE, `Cannot read a value: ${reason}`, options);
  }
}

export class BadKeyError extends ClientError {
  constructor(reason: string) {
    super(ClientErrorCode.BAD_KEY, `Cannot use a key: ${reason}`);
  }
}

/** BAD_VALUE, or VALUE_TOO_LARGE before anything was sent. */
export class BadValueError extends ClientError {
  constructor(code: 'BAD_VALUE' | 'VALUE_TOO_LARGE', reason: string, options?: ErrorOptions) {
    super(code, `Cannot store a value: ${reason}`, options);
  }
}

export class BadOptionsError extends ClientError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(ClientErrorCode.BAD_OPTIONS, `Cannot use the options: ${problems.join('; ')}`);
    this.problems = problems;
  }
}

export class QueueFullError extends ClientError {
  constructor(operation: string, node: string, bound: string) {
    super(ClientErrorCode.QUEUE_FULL, sentence(operation, node, `more than ${bound} wait already`));
  }
}

/** `cause` is the DiscoveryError of the last poll, if one has failed. */
export class NoTopologyError extends ClientError {
  constructor(operation: string, options?: ErrorOptions) {
    super(ClientErrorCode.NO_TOPOLOGY, sentence(operation, null, 'no list of nodes was discovered in time'), options);
  }
}

export class PartialFailureError extends ClientError {
  /** By key of a setMany, by node of a flush. */
  readonly failures: ReadonlyMap<string | Uint8Array, ClientError>;

  constructor(operation: string, failures: ReadonlyMap<string | Uint8Array, ClientError>, total: number) {
    const [cause] = failures.values();
    const reason = `${failures.size} of ${total} failed`;
    super(ClientErrorCode.PARTIAL_FAILURE, sentence(operation, null, reason), { cause });
    this.failures = failures;
  }
}

export class ClientClosedError extends ClientError {
  constructor(operation: string) {
    super(ClientErrorCode.CLIENT_CLOSED, sentence(operation, null, 'the client is closed'));
  }
}

/** Whether it tells of a node that could not be reached in time, and so of nothing that the caller did. */
export function isUnreachable({ code }: ClientError): boolean {
  switch (code) {
    case ClientErrorCode.NODE_DOWN:
    case ClientErrorCode.CONNECTION_LOST:
    case ClientErrorCode.TIMEOUT:
    case ClientErrorCode.NO_TOPOLOGY:
      return true;
    default:
      return false;
  }
}

function sentence(operation: string, node: string | null, reason: string): string {
  return node === null ? `Cannot ${operation}: ${reason}` : `Cannot ${operation} at ${node}: ${reason}`;
}
