// Why a load run is worthless: a wrong reply, a closed connection, silence, or batches too large to hold. Thrown
// by memory.ts and load-loop.ts, ends load/main.ts with its message and exit 1; anything else is a fault of the
// generator and shows its stack.
export class LoadError extends Error {
  override readonly name = 'LoadError';
}
