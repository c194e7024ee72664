import { describe, expect, test } from '@jest/globals';
import { Decoded } from '../decoded.js';
import { decode } from '../decoder.js';
import { INPUT_SCRATCH_BYTES } from '../limits.js';
import { Dialect, Request } from '../request.js';
import { hear } from '../testing/receiver.js';
import { misheardAmongOthers, misheardBehindAnother, misheardInTwoParts } from '../testing/rows.js';
import { bytesOf, textOf } from '../testing/story.js';

const BAD_FORMAT = 'CLIENT_ERROR bad command line format';
const BAD_TOKEN = 'CLIENT_ERROR bad token in command line format';
const BAD_KEY = 'CLIENT_ERROR error decoding key';
const INVALID_FLAG = 'CLIENT_ERROR invalid flag';
const INVALID_OR_DUPLICATE = 'CLIENT_ERROR invalid or duplicate flag';
const KEY_251 = 'k'.repeat(251);
const OPAQUE_31 = 'x'.repeat(31);

type Row = readonly [sent: string, heard: readonly string[]];

const GET: readonly Row[] = [
  ['mg\r\n', [BAD_FORMAT]],
  ['mg \r\n', [BAD_FORMAT]],
  ['mg a\r\n', ['META_GET a']],
  ['mg a\n', ['META_GET a']],
  ['mg a \r\n', ['META_GET a']],
  ['mg  a   v\r\n', ['META_GET a v']],
  ['mg a\tv\r\n', ['META_GET a\tv']],
  ['mg a v\n b\r\n', ['META_GET a v', 'ERROR']],
  ['mg a\n b\r\n', ['META_GET a', 'ERROR']],
  ['mg a v k Oabc\r\n', ['META_GET a v k Oabc']],
  ['mg a s v c f t h l k Oq1\r\n', ['META_GET a s v c f t h l k Oq1']],
  ['mg a v q\r\nmn\r\n', ['META_GET a v q quiet', 'META_NOOP']],
  ['mg a u L P\r\n', ['META_GET a u L P']],
  ['mg a N30 R20 T-1 C18446744073709551615 E5\r\n', ['META_GET a N30 R20 T-1 C18446744073709551615 E5']],
  [
    'mg a C8589934593 D12884901889 E17179869185 J21474836481\r\n',
    ['META_GET a C8589934593 D12884901889 E17179869185 J21474836481'],
  ],
  ['mg a D5 J3 MX F7 I x\r\n', ['META_GET a D5 J3 M F7 I x']],
  ['mg a O\r\n', ['META_GET a O']],
  [`mg a O${OPAQUE_31}\r\n`, [`META_GET a O${OPAQUE_31}`]],
  [`mg a q O${OPAQUE_31}x\r\nmn\r\n`, ['CLIENT_ERROR opaque token too long', 'META_NOOP']],
  ['mg a !\r\n', [BAD_FORMAT]],
  ['mg a \x80\r\n', [BAD_FORMAT]],
  ['mg a Tx !\r\n', [BAD_FORMAT]],
  ['mg a 5\r\n', [INVALID_FLAG]],
  ['mg a 0 \r\n', [INVALID_FLAG]],
  ['mg a 9\r\n', [INVALID_FLAG]],
  ['mg a [\r\n', [INVALID_FLAG]],
  ['mg a W\r\n', [INVALID_FLAG]],
  ['mg a S5\r\n', [INVALID_FLAG]],
  ['mg a v v\r\n', ['CLIENT_ERROR duplicate flag']],
  ['mg a T1 T2\r\n', ['CLIENT_ERROR duplicate flag']],
  ['mg a Tx v v W\r\n', ['CLIENT_ERROR duplicate flag']],
  ['mg a N\r\n', [BAD_TOKEN]],
  ['mg a Nx\r\n', [BAD_TOKEN]],
  ['mg a N-\r\n', ['META_GET a N0']],
  ['mg a T2147483648\r\n', [BAD_TOKEN]],
  ['mg a R1x\r\n', [BAD_TOKEN]],
  ['mg a C-1\r\n', [BAD_TOKEN]],
  ['mg a E18446744073709551616\r\n', [BAD_TOKEN]],
  ['mg a Fx\r\n', [BAD_FORMAT]],
  ['mg a F4294967296\r\n', [BAD_FORMAT]],
  ['mg a F4294967295\r\n', ['META_GET a F4294967295']],
  ['mg a Tx Fx\r\n', [BAD_TOKEN]],
  ['mg a Fx Tx\r\n', [BAD_TOKEN]],
  ['mg a Dx\r\n', ['CLIENT_ERROR invalid numeric delta value']],
  ['mg a Jx\r\n', ['CLIENT_ERROR invalid numeric initial value']],
  ['mg a Tx Jx\r\n', ['CLIENT_ERROR invalid numeric initial value']],
  ['mg a Tx W\r\n', [INVALID_FLAG]],
  ['mg a b v\r\n', [BAD_KEY]],
  ['mg a Tx b\r\n', [BAD_KEY]],
  ['mg YWI= Tx b\r\n', [BAD_TOKEN]],
  ['mg YWI= b k v\r\n', ['META_GET b:ab b k v']],
  ['mg YW*I= b k\r\n', ['META_GET b:ab b k']],
  ['mg AA== b\r\n', ['META_GET b:\x00 b']],
  ['mg AB== b\r\n', ['META_GET b:\x00 b']],
  ['mg AA==AAAA b\r\n', ['META_GET b:\x00 b']],
  ['mg A=== b\r\n', [BAD_KEY]],
  ['mg ==== b\r\n', [BAD_KEY]],
  ['mg AAAAA b\r\n', [BAD_KEY]],
  [`mg ${KEY_251}\r\n`, [BAD_FORMAT]],
  [`mg ${KEY_251} b\r\n`, [BAD_FORMAT]],
  [`mg ${KEY_251} v v\r\n`, [BAD_FORMAT]],
  [`mg ${'Q'.repeat(248)} b\r\n`, [`META_GET b:${'A\x04\x10'.repeat(62)} b`]],
  ['mg a c f h k l q s t u v x M O P R1 N1 T1 L\r\n', ['META_GET a c f h k l q s t u v x M O P R1 N1 T1 L quiet']],
  ['mg a c f h k l q s t u v x M O P R1 N1 T1 L I\r\n', ['CLIENT_ERROR options flags are too long']],
  [`mg a${' v'.repeat(30)}\r\n`, ['CLIENT_ERROR options flags are too long']],
];

const SET: readonly Row[] = [
  ['ms\r\n', [BAD_FORMAT]],
  ['ms a\r\n', [BAD_FORMAT]],
  ['ms a \r\n', [BAD_FORMAT]],
  ['ms a x\r\n', [BAD_FORMAT]],
  ['ms a 1x\r\n', [BAD_FORMAT]],
  ['ms a -1\r\n', [BAD_FORMAT]],
  ['ms a 2147483645\r\n', ['(more)']],
  ['ms a 2147483646\r\n', [BAD_FORMAT]],
  ['ms a S2\r\nab\r\n', [BAD_FORMAT, 'ERROR']],
  ['ms a 2\r\nab\r\n', ['META_SET a "ab\\r\\n" mode0']],
  ['ms a 2 \nab\r\n', ['META_SET a "ab\\r\\n" mode0']],
  ['ms a 2 c k s O9\r\nab\r\n', ['META_SET a "ab\\r\\n" mode0 c k s O9']],
  ['ms a 2 c k s O9 b\r\nab\r\nmn\r\n', [BAD_KEY, 'META_NOOP']],
  ['ms YWI= 2 b k\r\nab\r\n', ['META_SET b:ab "ab\\r\\n" mode0 b k']],
  ['ms a 2 q T30 F5 I C7 E8\r\nab\r\n', ['META_SET a "ab\\r\\n" mode0 q T30 F5 I C7 E8 quiet']],
  ['ms a 1 ME\r\na\r\n', ['META_SET a "a\\r\\n" mode1 M']],
  ['ms a 1 MR\r\na\r\n', ['META_SET a "a\\r\\n" mode2 M']],
  ['ms a 1 MA N10\r\na\r\n', ['META_SET a "a\\r\\n" mode3 M N10']],
  ['ms a 1 MPREPEND\r\na\r\n', ['META_SET a "a\\r\\n" mode4 M']],
  ['ms a 1 MS\r\na\r\n', ['META_SET a "a\\r\\n" mode0 M']],
  ['ms a 1 M\x00\r\na\r\n', ['META_SET a "a\\r\\n" mode0 M']],
  ['ms a 1 M\r\na\r\nmn\r\n', ['CLIENT_ERROR invalid mode for ms M token', 'META_NOOP']],
  ['ms a 1 Me q\r\na\r\nmn\r\n', ['CLIENT_ERROR invalid mode for ms M token', 'META_NOOP']],
  [`ms a 1 MX O${OPAQUE_31}x\r\na\r\nmn\r\n`, ['CLIENT_ERROR invalid mode for ms M token', 'META_NOOP']],
  [`ms a 1 O${OPAQUE_31}x q\r\na\r\nmn\r\n`, ['CLIENT_ERROR opaque token too long', 'META_NOOP']],
  ['ms a 2 Tx\r\nab\r\nversion\r\n', [BAD_TOKEN, 'VERSION']],
  ['ms a 2 Fx\r\nab\r\nversion\r\n', [BAD_FORMAT, 'VERSION']],
  ['ms a 1 1\r\nb\r\nmn\r\n', [INVALID_FLAG, 'META_NOOP']],
  ['ms a 1 !\r\nb\r\nmn\r\n', [BAD_FORMAT, BAD_FORMAT, 'META_NOOP']],
  [`ms ${KEY_251} 2\r\nab\r\nmn\r\n`, [BAD_FORMAT, 'META_NOOP']],
];

const OTHERS: readonly Row[] = [
  ['md\r\n', [BAD_FORMAT]],
  ['md a\r\n', ['META_DELETE a']],
  ['md a q C1 I T30 x k O1 E9\r\n', ['META_DELETE a q C1 I T30 x k O1 E9 quiet']],
  ['md a Jx\r\n', ['CLIENT_ERROR invalid numeric initial value']],
  [`md ${KEY_251}\r\n`, [BAD_FORMAT]],
  ['ma\r\n', [BAD_FORMAT]],
  ['ma a\r\n', ['META_ARITHMETIC a mode5']],
  ['ma a N0 J5 v t\r\n', ['META_ARITHMETIC a mode5 N0 J5 v t']],
  ['ma a MI\r\n', ['META_ARITHMETIC a mode5 M']],
  ['ma a M+\r\n', ['META_ARITHMETIC a mode5 M']],
  ['ma a MD D2 v\r\n', ['META_ARITHMETIC a mode6 M D2 v']],
  ['ma a M- D18446744073709551615\r\n', ['META_ARITHMETIC a mode6 M D18446744073709551615']],
  ['ma a MX\r\n', ['CLIENT_ERROR invalid mode for ma M token']],
  ['ma a MA\r\n', ['CLIENT_ERROR invalid mode for ma M token']],
  ['ma a Dx\r\n', [INVALID_OR_DUPLICATE]],
  ['ma a Dx MX\r\n', [INVALID_OR_DUPLICATE]],
  ['ma a v v\r\n', [INVALID_OR_DUPLICATE]],
  ['ma a W\r\n', [INVALID_OR_DUPLICATE]],
  ['ma a !\r\n', [BAD_FORMAT]],
  [`ma ${KEY_251}\r\n`, [INVALID_OR_DUPLICATE]],
  ['me\r\n', [BAD_FORMAT]],
  ['me a\r\n', ['META_DEBUG a']],
  ['me YWI= b\r\n', ['META_DEBUG YWI=']],
  ['me YWI= b x\r\n', ['META_DEBUG b:ab']],
  ['me YWI b x\r\n', [BAD_FORMAT]],
  ['me a !\r\n', [BAD_FORMAT]],
  ['me a v v\r\n', ['META_DEBUG a']],
  [`me ${KEY_251}\r\n`, [BAD_FORMAT]],
  [`me ${'k'.repeat(250)}\r\n`, [`META_DEBUG ${'k'.repeat(250)}`]],
  ['mn\r\n', ['META_NOOP']],
  ['mn foo\r\n', ['META_NOOP']],
  ['mn \r\n', ['META_NOOP']],
  ['mn\n', [BAD_FORMAT]],
  ['mgx a\r\n', ['ERROR']],
];

const ROWS = [...GET, ...SET, ...OTHERS];

describe.each([
  ['mg', GET],
  ['ms', SET],
  ['md, ma, me and mn', OTHERS],
])('%s', (_, rows) => {
  test.each(rows)('%j is heard as %j', (sent, heard) => {
    expect(hear(sent)).toEqual(heard);
  });
});

describe('the record of a meta request', () => {
  const request = new Request();

  function decoded(sent: string): Uint8Array {
    const input = new Uint8Array(sent.length + INPUT_SCRATCH_BYTES);
    input.set(bytesOf(sent));
    expect(decode(Dialect.TEXT, input, new DataView(input.buffer), 0, sent.length, request)).toBe(Decoded.READY);
    return input;
  }

  test('holds the defaults of arguments that are not given', () => {
    decoded('ma a D5 J6 T7 F8\r\n');
    expect(request).toMatchObject({ deltaLow: 5, initialLow: 6, newTtl: 7, clientFlags: 8 });
    decoded('ma a\r\n');
    expect(request).toMatchObject({
      deltaLow: 1,
      deltaHigh: 0,
      initialLow: 0,
      newTtl: 0,
      clientFlags: 0,
      metaFlags: 0,
    });
  });

  test('holds the range of the flags', () => {
    const input = decoded('ms a 5 k T30 \r\n');
    expect(textOf(input.subarray(request.restStart, request.lineEnd))).toBe(' k T30 ');
  });
});

describe('any meta line', () => {
  test('is heard the same when it arrives in two parts, cut anywhere', () => {
    expect(misheardInTwoParts(ROWS)).toEqual([]);
  });

  test('is heard the same whatever lies around it in the buffer', () => {
    expect(misheardAmongOthers(ROWS)).toEqual([]);
  });

  test('is heard the same behind any other: nothing of that one is left in the record', () => {
    expect(misheardBehindAnother(ROWS)).toEqual([]);
  });
});
