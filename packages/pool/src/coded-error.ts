/**
 * The one form of the pool's errors: a stable `code` for programs, a message for people, the cause behind it. Each part of
 * the pool has a class of its own with its own codes; nothing is thrown as this one.
 */
export abstract class CodedError<Code extends string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}
