/**
 * How the text of a value becomes a value: one rule for each kind of value, with the words that say what is allowed.
 * Used by the tables of flags. Stricter than memcached's atoi on purpose: `-m 1g` means 1 MB there, and is refused here.
 * Leading blanks are stripped as memcached strips them; trailing ones are as well.
 */

export interface ValueRule<T> {
  /** Reads after "allowed:". */
  readonly allowed: string;
  /** The value in the option's own unit, undefined when the text is not allowed. The text has no blanks around it. */
  read(text: string): T | undefined;
}

export const INT32_MAX = 2 ** 31 - 1;
export const UINT32_MAX = 2 ** 32 - 1;
export const KIBIBYTE = 1024;
export const MEBIBYTE = 1024 * 1024;

/** `-vvv`: more letters say no more. */
const VERBOSITY_MAX = 3;

/** Path bytes that fit a unix socket address of Linux, its end mark excluded. */
const UNIX_PATH_BYTES_MAX = 107;

export function wholeNumber(limits: {
  min: number;
  max: number;
  unit?: string;
  /** What one unit of the flag is in the option's unit. */
  factor?: number;
}): ValueRule<number> {
  const { min, max, unit, factor = 1 } = limits;
  return {
    allowed: `a whole number${unit ? ` of ${unit}` : ''} from ${min} to ${max}`,
    read(text) {
      if (!/^[+-]?\d+$/.test(text)) return undefined;
      const number = Number(text);
      return number >= min && number <= max ? number * factor : undefined;
    },
  };
}

/** A word of its own beside what another rule takes. */
export function orWord<T, W extends string>(word: W, rule: ValueRule<T>): ValueRule<T | W> {
  return {
    allowed: `${word}, or ${rule.allowed}`,
    read: (text) => (text === word ? word : rule.read(text)),
  };
}

/** Separated by commas, each one once. What each may look like, the server's own check knows. */
export function commaList(said: string): ValueRule<string[]> {
  return {
    allowed: said,
    read(text) {
      const entries = new Set(text.split(',').map((entry) => entry.trim()));
      entries.delete('');
      return entries.size > 0 ? [...entries] : undefined;
    },
  };
}

/** A number with or without a fraction, above `above` and at most `atMost`. */
export function decimalNumber(limits: { above: number; atMost?: number }): ValueRule<number> {
  const { above, atMost = Number.MAX_VALUE } = limits;
  const upTo = atMost === Number.MAX_VALUE ? '' : ` and up to ${atMost}`;
  return {
    allowed: `a number above ${above}${upTo}`,
    read(text) {
      if (!/^\+?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
      const number = Number(text);
      return number > above && number <= atMost ? number : undefined;
    },
  };
}

/** Bytes, or with the suffix k or m (either case) times 1,024 or 1,048,576. */
export function size(limits: { min: number; max: number; said: string }): ValueRule<number> {
  return {
    allowed: limits.said,
    read(text) {
      const match = /^\+?(\d+)([kKmM]?)$/.exec(text);
      if (!match) return undefined;
      const factor = { '': 1, k: KIBIBYTE, m: MEBIBYTE }[match[2].toLowerCase()] as number;
      const bytes = Number(match[1]) * factor;
      return bytes >= limits.min && bytes <= limits.max ? bytes : undefined;
    },
  };
}

export const permissionBits: ValueRule<number> = {
  allowed: 'permission bits in octal, 0 to 777',
  read: (text) => (/^0*[0-7]{1,3}$/.test(text) ? Number.parseInt(text, 8) : undefined),
};

export function oneOf<T extends string>(choices: readonly T[]): ValueRule<T> {
  return {
    allowed: orList(choices),
    read: (text) => choices.find((choice) => choice === text),
  };
}

/** How many times `-v` was given, three at most; true and false serve the environment and the configuration file. */
export const verbosityLevel: ValueRule<number> = {
  allowed: 'a whole number from 0',
  read(text) {
    const count = wholeNumber({ min: 0, max: INT32_MAX }).read(text);
    if (count !== undefined) return Math.min(count, VERBOSITY_MAX);
    const switched = toggle.read(text);
    return switched === undefined ? undefined : Number(switched);
  },
};

/** A flag without an argument; the words are for the environment and the configuration file. */
export const toggle: ValueRule<boolean> = {
  allowed: 'true or false (also 1, yes, on, 0, no, off)',
  read(text) {
    if (/^(true|1|yes|on)$/i.test(text)) return true;
    if (/^(false|0|no|off)$/i.test(text)) return false;
    return undefined;
  },
};

/** memcached's port: 0 is off (null), -1 any free one (0, as the kernel understands it). */
export const tcpPort: ValueRule<number | null> = {
  allowed: '1 to 65535, 0 (off) or -1 (any free port)',
  read(text) {
    const number = wholeNumber({ min: -1, max: 65535 }).read(text);
    if (number === 0) return null;
    return number === -1 ? 0 : number;
  },
};

export const anyText: ValueRule<string> = {
  allowed: 'a name or path that is not empty',
  read: (text) => (text === '' ? undefined : text),
};

/** Separated by `,` or `;` and each one once, as in memcached. What an address may look like, the server's own check knows. */
export const addressList: ValueRule<string[]> = {
  allowed: 'addresses separated by commas: host, host:port, [IPv6]:port, an IPv6 address or *',
  read(text) {
    const addresses = new Set(text.split(/[,;]/).map((address) => address.trim()));
    addresses.delete('');
    return addresses.size > 0 ? [...addresses] : undefined;
  },
};

export const unixSocketPath: ValueRule<string> = {
  allowed: `a path of 1 to ${UNIX_PATH_BYTES_MAX} bytes`,
  read: (text) => (text !== '' && Buffer.byteLength(text) <= UNIX_PATH_BYTES_MAX ? text : undefined),
};

export const oneCharacter: ValueRule<string> = {
  allowed: 'one ASCII character that is not blank',
  read: (text) => (/^[!-~]$/.test(text) ? text : undefined),
};

/** `a`, `a, b` or `a, b or c`, as "allowed:" continues. */
export function orList(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words[words.length - 1]}`;
}
