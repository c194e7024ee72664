/**
 * Whether an answer is kept from its client, because the client asked quietly and the router asked aloud.
 *
 * The rules are those of each dialect: docs/decisions/0022-router.md. Errors always pass, except for text noreply.
 */
import { BinaryStatus, ReplyKind } from '@shoal/protocol';
import { type Exchange, Hush } from './exchange.js';

/** @param kind `ReplyKind` of a text reply; @param status of a binary one. */
export function isHushed(exchange: Exchange, kind: number, status: number): boolean {
  switch (exchange.hush) {
    case Hush.NOTHING:
      return false;
    case Hush.EVERYTHING:
      return true;
    case Hush.META_MISS:
      return kind === ReplyKind.META_MISS;
    case Hush.META_SUCCESS:
      return kind === ReplyKind.META_HIT || kind === ReplyKind.META_VALUE;
    case Hush.BINARY_MISS:
      return status === BinaryStatus.KEY_NOT_FOUND;
    default:
      return status === BinaryStatus.SUCCESS;
  }
}
