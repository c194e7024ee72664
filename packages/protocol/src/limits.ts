/**
 * The bounds of memcached's protocols, with the place in memcached 1.6.45 that sets each.
 *
 * Read by the decoders, by the session that owns the receive buffer, and by tests.
 * Every number is bytes unless its name says otherwise. Nothing here depends on flags:
 * bounds that follow from the command line (item size, memory) belong to the server.
 */

/** Longest key in any dialect (`KEY_MAX_LENGTH`). A base64 key counts in its encoded form first, then decoded. */
export const KEY_BYTES_MAX = 250;

/** A line without LF longer than this closes the connection, unless it is a `get` or `gets` (try_read_command_ascii). */
export const LINE_HELD_BYTES_MAX = 2048;

/** A long `get` may begin with this many blanks before it counts as rubbish (try_read_command_ascii). */
export const LEADING_BLANKS_MAX = 100;

/**
 * A `get` or `gets` line longer than this without LF is decoded piecewise (`Decoded.PARTIAL_KEYS`), so a connection
 * never holds more. memcached grows its buffer without bound here. Below it a line is always decoded whole.
 */
export const GET_LINE_HELD_BYTES_MAX = 32_768;

/** The tokenizer of memcached stops after this many words; what follows is not seen (`MCMC_PARSER_MAX_TOKENS` - 1). */
export const TOKENS_MAX = 23;

/** Words of a meta command, name and key included, above which it is refused (`MFLAG_MAX_OPT_LENGTH`). */
export const META_TOKENS_MAX = 20;

/** Longest opaque token of a meta command, its `O` included (`MFLAG_MAX_OPAQUE_LENGTH`). */
export const OPAQUE_TOKEN_BYTES_MAX = 32;

/** Largest length a text or meta storage command may announce (INT_MAX - 2). */
export const VALUE_BYTES_MAX = 0x7fff_fffd;

/** Most words after the key of a `delete`: more answer ERROR. The one deliberate difference from 1.6.45 (memccapable). */
export const DELETE_WORDS_MAX = 3;

/** Binary frame header, request and response alike. */
export const BINARY_HEADER_BYTES = 24;

/** Header, extras and key of a binary frame must fit memcached's read buffer, else it closes (`READ_BUFFER_SIZE`). */
export const BINARY_HELD_BYTES_MAX = 16_384;

/** Largest body of a binary frame (`ITEM_SIZE_MAX_UPPER_LIMIT`, 1 GiB). */
export const BINARY_BODY_BYTES_MAX = 0x4000_0000;

/**
 * Room behind the received bytes of an input buffer: `input.length - INPUT_SCRATCH_BYTES` is the first scratch byte.
 * A base64 key is decoded there (at most 186 bytes), so that a key is always a range of `input`.
 */
export const INPUT_SCRATCH_BYTES = 256;

/** Largest discovery configuration (`config_size_max` of ElastiCache's engine). */
export const CONFIG_BYTES_MAX = 65_536;

/** Number of discovery configurations a node keeps (`config_max` of ElastiCache's engine). */
export const CONFIG_COUNT_MAX = 16;
