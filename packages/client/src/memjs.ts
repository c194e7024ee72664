/**
 * Keeps the server list of a memjs client current, since memjs discovers nothing.
 *
 * For applications; imports no memjs.
 */
export {};
