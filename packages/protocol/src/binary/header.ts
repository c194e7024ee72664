/**
 * The 24 bytes in front of every binary frame (doc/protocol-binary.txt, "Packet Structure"). Big-endian.
 *
 *      0        1        2        3        4        5        6        7
 *     +--------+--------+--------+--------+--------+--------+--------+--------+
 *     | magic  | opcode |   key length    | extras | type 0 | vbucket, status |
 *     +--------+--------+--------+--------+--------+--------+--------+--------+
 *     |   body length: extras, key, value |   opaque: comes back as it came   |
 *     +--------+--------+--------+--------+--------+--------+--------+--------+
 *     |                                  CAS                                  |
 *     +-----------------------------------------------------------------------+
 *     | extras ... | key ... | value ...
 */

export const REQUEST_MAGIC = 0x80;
export const RESPONSE_MAGIC = 0x81;

/** Offsets of the header's fields. */
export const OPCODE_AT = 1;
export const KEY_LENGTH_AT = 2;
export const EXTRAS_LENGTH_AT = 4;
/** vbucket in a request, status in a response. */
export const STATUS_AT = 6;
export const BODY_LENGTH_AT = 8;
export const OPAQUE_AT = 12;
export const CAS_HIGH_AT = 16;
export const CAS_LOW_AT = 20;
