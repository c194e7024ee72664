/**
 * How a decoder says no: the status to answer and what to throw away first.
 */

import { Decoded } from './decoded.js';
import type { Request } from './request.js';

/** Answers an error that throws nothing away. */
export function refuse(request: Request, status: number): Decoded {
  request.status = status;
  request.swallowBytes = 0;
  request.swallowLine = false;
  request.closes = false;
  return Decoded.ERROR;
}

/** Answers an error once the LF of the line, which is not among the bytes before `end`, has been seen. */
export function refuseUnfinished(request: Request, status: number, end: number): Decoded {
  refuse(request, status);
  request.swallowLine = true;
  request.next = end;
  return Decoded.ERROR;
}
