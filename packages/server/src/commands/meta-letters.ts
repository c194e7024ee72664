/**
 * The letters of the meta dialect's flags that replies carry (doc/protocol.txt, "Meta Get"), as bytes. For the commands that walk
 * request.flagLetters: every reply gives its flags in the order of the request.
 */
export const LETTER_C = 99;
export const LETTER_F = 102;
export const LETTER_H = 104;
export const LETTER_K = 107;
export const LETTER_L = 108;
export const LETTER_S = 115;
export const LETTER_T = 116;
export const LETTER_N_UPPER = 78;
export const LETTER_O = 79;
export const LETTER_R_UPPER = 82;
export const LETTER_T_UPPER = 84;
/** Given by the server: the client has won the right to renew, the item is stale, somebody else has won. */
export const LETTER_W = 87;
export const LETTER_X = 88;
export const LETTER_Z = 90;
