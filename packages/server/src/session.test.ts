import { describe, expect, test } from '@jest/globals';
import { Opcode } from '@shoal/protocol';
import { ConnectionState } from './connection-table.js';
import { INPUT_BYTES } from './input-memory.js';
import { OutboxState } from './outbox.js';
import { OUTPUT_HIGH_WATER_BYTES } from './reply-writer.js';
import { ServerCounter } from './server-counters.js';
import { frame, responses } from './testing/binary-frames.js';
import { Conversation, makeWorker } from './testing/conversation.js';
import { lines } from './testing/every-way.js';
import { CloseReason, Outcome } from './worker-context.js';

const worker = makeWorker();
/** A value of several chunks. */
const LARGE = Array.from({ length: 900_000 }, (_, index) => String.fromCharCode(97 + (index % 23))).join('');

function store(key: string, value: string): void {
  const reply = new Conversation(worker).send(`set ${key} 0 0 ${value.length}\r\n${value}\r\n`);
  if (reply !== 'STORED\r\n') throw new Error(`Cannot store ${key}: ${reply}`);
}

function stateOf(conversation: Conversation): number {
  return conversation.worker.connections.state(conversation.connection.row);
}

describe('a pipeline', () => {
  const COMMANDS = [
    ...['set p 1 0 1\r\na\r\n', 'get p\r\n', 'append p 0 0 1\r\nb\r\n', 'mg p v f\r\n', 'delete p\r\n', 'get p\r\n'],
    ...['ms p 3\r\nxyz\r\n', 'get p p q\r\n', 'set p 0 0 x\r\n', 'incr p 1\r\n', 'set p 0 0 1\r\ntoo long\r\n'],
    ...['version\r\n', 'set p 0 0 2\r\n41\r\n', 'incr p 1\r\n', 'touch p 0 noreply\r\n', 'gat 0 p\r\n', 'md p\r\n'],
  ];

  test.each([1, 2, 7, COMMANDS.length])(
    'is answered as its commands one by one, decoded ahead or not (%i)',
    (count) => {
      for (let from = 0; from < COMMANDS.length; from++) {
        const turned = [...COMMANDS.slice(from), ...COMMANDS.slice(0, from)];
        const one = new Conversation(worker);
        const expected = turned.map((command) => one.send(command)).join('');
        one.send('delete p\r\n');
        const all = new Conversation(worker);
        let received = '';
        for (let at = 0; at < turned.length; at += count) received += all.send(turned.slice(at, at + count).join(''));
        expect(received).toBe(expected);
        all.send('delete p\r\n');
      }
    },
  );

  test('may name keys in base64, each its own', () => {
    store('first', '1');
    store('second', '2');
    const gets = ['first', 'second'].map((key) => `mg ${Buffer.from(key).toString('base64')} b v k\r\n`);
    expect(new Conversation(worker).send(`${gets[0]}${gets[1]}${gets[0]}mg second v\r\n`)).toBe(
      lines('VA 1 kfirst', '1', 'VA 1 ksecond', '2', 'VA 1 kfirst', '1', 'VA 1', '2'),
    );
  });

  test('of more keys than are read together finds them all, and a key too long behind them takes all back', () => {
    const keys = Array.from({ length: 20 }, (_, index) => `many-${index}`);
    for (const key of keys) store(key, key);
    const values = keys.map((key) => `VALUE ${key} 0 ${key.length}\r\n${key}\r\n`).join('');
    const conversation = new Conversation(worker);
    expect(conversation.send(`get ${keys.join(' ')}\r\nget ${keys.join('  ')} \r\n`)).toBe(
      `${values}END\r\n`.repeat(2),
    );
    for (const count of [7, 8, 9, 16]) {
      const line = `get ${keys.slice(0, count).join(' ')} ${'k'.repeat(251)} many-1\r\n`;
      expect(conversation.send(line)).toBe(lines('CLIENT_ERROR bad command line format', ''));
    }
  });
});

describe('input', () => {
  test('half a command is held, and nothing else', () => {
    const conversation = new Conversation(worker);
    expect(conversation.send('get a\r\nget ')).toBe('END\r\n');
    expect(conversation.session.hold()).toBe(4);
    expect(conversation.send('a\r\n')).toBe('END\r\n');
    expect(conversation.session.hold()).toBe(0);
  });

  test('held bytes survive a hold that is not followed by a run', () => {
    const conversation = new Conversation(worker);
    conversation.send('get ');
    conversation.session.hold();
    conversation.worker.input.fill(0x78, 0, 4);
    expect(conversation.send('a\r\n')).toBe('END\r\n');
  });

  test('a run without input does nothing', () => {
    const conversation = new Conversation(worker);
    expect(conversation.resume()).toBe(Outcome.OPEN);
    expect(conversation.received()).toBe('');
  });

  test('the first byte decides the dialect for good', () => {
    const text = new Conversation(worker);
    expect(text.send('get a\r\n')).toBe('END\r\n');
    text.send(`${frame({ opcode: Opcode.NOOP })}\r\n`);
    expect(text.received()).not.toMatch(/^\x81/);
    const binary = new Conversation(worker);
    expect(responses(binary.send(frame({ opcode: Opcode.NOOP })))).toHaveLength(1);
  });

  test('-B fixes the dialect beforehand', () => {
    const ascii = new Conversation(makeWorker({ server: { protocol: 'ascii' } }));
    expect(ascii.send(`${frame({ opcode: Opcode.VERSION })}\r\n`)).toBe('ERROR\r\n');
    const binary = new Conversation(makeWorker({ server: { protocol: 'binary' } }));
    expect(binary.send('get a\r\n'.padEnd(24))).toBe('');
    expect(binary.outcome).toBe(Outcome.CLOSE);
  });

  test('a run that fills the whole buffer is served to its last command', () => {
    const command = 'get a\r\n';
    const commands = command.repeat(Math.ceil(INPUT_BYTES / command.length) + 3);
    expect(new Conversation(worker).send(commands)).toBe('END\r\n'.repeat(commands.length / command.length));
  });
});

describe('turns', () => {
  test('-R commands a run, then the others have their turn', () => {
    const busy = new Conversation(makeWorker({ server: { requestsPerEvent: 3 } }));
    expect(busy.send('get a\r\n'.repeat(10))).toBe('END\r\n'.repeat(10));
    expect(busy.outcomes).toEqual([Outcome.YIELD, Outcome.YIELD, Outcome.YIELD, Outcome.OPEN]);
    expect(busy.worker.counters[ServerCounter.CONN_YIELDS]).toBe(3);
  });

  test('exactly -R commands need no further turn', () => {
    const busy = new Conversation(makeWorker({ server: { requestsPerEvent: 3 } }));
    busy.send('get a\r\n'.repeat(3));
    expect(busy.outcomes).toEqual([Outcome.OPEN]);
  });
});

describe('output', () => {
  test('values of several chunks are streamed in pieces of bounded size', () => {
    store('large', LARGE);
    const conversation = new Conversation(worker);
    const reply = conversation.send('get large large\r\nmg large v s\r\n');
    const value = `VALUE large 0 ${LARGE.length}\r\n${LARGE}\r\n`;
    expect(reply).toBe(`${value}${value}END\r\nVA ${LARGE.length} s${LARGE.length}\r\n${LARGE}\r\n`);
    expect(conversation.largestFlushBytes).toBeLessThan(OUTPUT_HIGH_WATER_BYTES + 65_536 + 1024);
  });

  test('binary gets stream too', () => {
    store('large', LARGE);
    const [first, second] = responses(
      new Conversation(worker).send(
        frame({ opcode: Opcode.GETK, key: 'large' }) + frame({ opcode: Opcode.GET, key: 'large' }),
      ),
    );
    expect(first).toMatchObject({ key: 'large', value: LARGE });
    expect(second.value).toBe(LARGE);
  });

  test('a blocked transport stops the reply, which goes on where it stood', () => {
    store('large', LARGE);
    for (const send of ['get a large b large\r\nget c\r\n', 'mg large v k\r\nmn\r\n', 'gat 0 large large\r\nmn\r\n']) {
      const expected = new Conversation(worker).send(send);
      const conversation = new Conversation(worker);
      conversation.takesAll = () => false;
      expect(conversation.send(send)).toBe(expected);
      expect(conversation.outcomes.filter((outcome) => outcome === Outcome.BLOCKED).length).toBeGreaterThan(2);
    }
  });

  test('many small replies in one turn leave in pieces of bounded size', () => {
    const patient = makeWorker({ server: { requestsPerEvent: 1000 } });
    const conversation = new Conversation(patient);
    conversation.send(`set small 0 0 10000\r\n${'x'.repeat(10_000)}\r\n`);
    const replyBytes = `VA 10000\r\n${'x'.repeat(10_000)}\r\n`.length;
    expect(conversation.send('mg small v\r\n'.repeat(200)).length).toBe(200 * replyBytes);
    expect(conversation.largestFlushBytes).toBeLessThan(OUTPUT_HIGH_WATER_BYTES + 11_000);
    conversation.takesAll = () => false;
    expect(conversation.send('mg small v\r\n'.repeat(200)).length).toBe(200 * replyBytes);
    expect(conversation.outcomes).toContain(Outcome.BLOCKED);
  });

  test('many small values block between two keys', () => {
    store('small', 'x'.repeat(10_000));
    const send = `get ${'small '.repeat(100)}\r\nget small\r\n`;
    const expected = new Conversation(worker).send(send);
    expect(expected).toHaveLength(101 * (10_000 + 'VALUE small 0 10000\r\n\r\n'.length) + 2 * 'END\r\n'.length);
    const conversation = new Conversation(worker);
    conversation.takesAll = () => false;
    expect(conversation.send(send)).toBe(expected);
    expect(conversation.outcomes).toContain(Outcome.BLOCKED);
  });

  test('a reply keeps its version while others replace, delete and evict the item', () => {
    const version = LARGE.replaceAll('b', 'B');
    store('kept', version);
    const reader = new Conversation(worker);
    reader.takesAll = () => false;
    expect(reader.receive('get kept\r\n')).toBe(Outcome.BLOCKED);
    store('kept', 'new');
    expect(reader.resume()).toBe(Outcome.BLOCKED);
    new Conversation(worker).send('delete kept\r\n');
    expect(reader.drain()).toBe(`VALUE kept 0 ${version.length}\r\n${version}\r\nEND\r\n`);
    expect(new Conversation(worker).send('get kept\r\n')).toBe('END\r\n');
    expect(reader.flaws()).toEqual([]);
  });

  test('a connection that goes away in the middle of a value lets go of it', () => {
    store('gone', LARGE);
    const reader = new Conversation(worker);
    reader.takesAll = () => false;
    expect(reader.receive('get gone gone\r\n')).toBe(Outcome.BLOCKED);
    new Conversation(worker).send('delete gone\r\n');
    reader.session.close();
    reader.session.close();
    reader.received();
    expect(reader.flaws()).toEqual([]);
  });

  test('what was copied while a writer was there is written again', () => {
    const raced = makeWorker();
    const send = (text: string) => new Conversation(raced).send(text);
    send('set raced 5 0 5\r\nvalue\r\n');
    const gets = [
      'get raced raced\r\n',
      'gets raced\r\n',
      'mg raced v s\r\n',
      frame({ opcode: Opcode.GET, key: 'raced' }),
    ];
    const expected = gets.map(send);
    const { reads } = raced;
    const { end } = reads;
    let ends = 0;
    reads.end = () => end() && ++ends % 2 === 0;
    expect(gets.map(send)).toEqual(expected);
    expect(ends).toBe(10);
  });

  test('a key too long behind a long reply still takes all of it back', () => {
    store('large', LARGE);
    const reader = new Conversation(worker);
    expect(reader.send(`get large small ${'k'.repeat(251)}\r\nmn\r\n`)).toBe(
      lines('CLIENT_ERROR bad command line format', '', 'MN'),
    );
    expect(reader.flaws()).toEqual([]);
  });
});

describe('lines longer than the input', () => {
  const keys = Array.from({ length: 30_000 }, (_, index) => `key-${index}`).join(' ');

  test('a get of any length is answered once it has ended', () => {
    store('key-7', 'x');
    store('key-29999', 'y');
    const value = 'VALUE key-7 0 1\r\nx\r\nVALUE key-29999 0 1\r\ny\r\nEND\r\n';
    for (const piece of [INPUT_BYTES, 1000, 7777]) {
      const conversation = new Conversation(worker);
      expect(conversation.send(`get ${keys}`, piece)).toBe('');
      expect(conversation.send('\r\nget key-7\r\n')).toBe(`${value}VALUE key-7 0 1\r\nx\r\nEND\r\n`);
    }
  });

  test('its reply may block, and goes on', () => {
    store('large', LARGE);
    const send = `gets key-7 large ${keys} large\r\nget key-7\r\n`;
    const expected = new Conversation(worker).send(send);
    const conversation = new Conversation(worker);
    conversation.takesAll = () => false;
    expect(conversation.send(send, 5000)).toBe(expected);
  });

  test('a key too long in it is answered alone', () => {
    const reply = new Conversation(worker).send(`get key-7 ${keys} ${'k'.repeat(251)} a\r\nmn\r\n`);
    expect(reply).toBe(lines('CLIENT_ERROR bad command line format', '', 'MN'));
  });

  test('past the limit of read buffers it is refused and the connection closed', () => {
    const limited = makeWorker({ server: { readBufferMemoryLimitBytes: 1 << 20, threads: 4 } });
    const conversation = new Conversation(limited);
    expect(conversation.send(`get ${'key '.repeat(100_000)}\r\n`)).toBe(
      'SERVER_ERROR out of memory reading request\r\n',
    );
    expect(conversation.outcome).toBe(Outcome.CLOSE);
    expect(conversation.connection.closeReason).toBe(CloseReason.ERROR);
    expect(limited.counters[ServerCounter.READ_BUF_OOM]).toBe(1);
    conversation.session.close();
    // What was gathered does not count any more.
    const fits = new Conversation(limited);
    expect(fits.send(`get ${'key '.repeat(50_000)}\r\n`)).toBe('END\r\n');
  });
});

describe('data blocks', () => {
  test('a value arrives in the item in any pieces', () => {
    for (const piece of [1000, 4096, 65_535]) {
      const conversation = new Conversation(worker);
      expect(conversation.send(`set pieces 9 0 ${LARGE.length}\r\n${LARGE}\r\n`, piece)).toBe('STORED\r\n');
      expect(conversation.send('get pieces\r\n')).toBe(`VALUE pieces 9 ${LARGE.length}\r\n${LARGE}\r\nEND\r\n`);
    }
  });

  test('append and prepend to a value of several chunks', () => {
    store('joined', LARGE);
    const conversation = new Conversation(worker);
    conversation.send('append joined 0 0 5\r\nafter\r\nprepend joined 0 0 6\r\nbefore\r\n');
    expect(conversation.send('get joined\r\n')).toBe(
      `VALUE joined 0 ${LARGE.length + 11}\r\nbefore${LARGE}after\r\nEND\r\n`,
    );
    expect(conversation.send(`append joined 0 0 500000\r\n${LARGE.slice(0, 500_000)}\r\n`)).toBe('NOT_STORED\r\n');
    expect(conversation.flaws()).toEqual([]);
  });

  test('a value of several chunks is no number, whatever it begins with', () => {
    store('digits', '7'.padEnd(600_000));
    expect(new Conversation(worker).send('incr digits 1\r\n')).toBe(
      'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n',
    );
  });

  test('a connection that goes away in the middle of a block leaves nothing behind', () => {
    const conversation = new Conversation(worker);
    conversation.send(`set unfinished 0 0 ${LARGE.length}\r\n${LARGE.slice(0, 100_000)}`);
    conversation.session.close();
    expect(conversation.flaws()).toEqual([]);
    expect(new Conversation(worker).send('get unfinished\r\n')).toBe('END\r\n');
  });

  test('a half-sent set and a half-swallowed one show in the connection table', () => {
    const conversation = new Conversation(makeWorker());
    expect(stateOf(conversation)).toBe(ConnectionState.READ);
    conversation.send('set a 0 0 5\r\nhel');
    expect(stateOf(conversation)).toBe(ConnectionState.NREAD);
    conversation.send('lo\r\nset a x 0 5\r\nhel');
    expect(stateOf(conversation)).toBe(ConnectionState.SWALLOW);
    conversation.send('lo\r\n');
    expect(stateOf(conversation)).toBe(ConnectionState.READ);
  });

  test('without memory for the item the set is refused, swallowed and counted', () => {
    const full = makeWorker({ store: { memoryLimitBytes: 2 ** 20, evictions: false } });
    const conversation = new Conversation(full);
    let reply = '';
    for (let i = 0; reply !== 'SERVER_ERROR out of memory storing object\r\n' && i < 1000; i++) {
      reply = conversation.send(`set fill${i} 0 0 8192\r\n${'x'.repeat(8192)}\r\n`);
    }
    expect(reply).toBe('SERVER_ERROR out of memory storing object\r\n');
    expect(conversation.send(`set fill0 0 0 8192 noreply\r\n${'x'.repeat(8192)}\r\nget fill0\r\n`)).toBe('END\r\n');
    expect(full.counters[ServerCounter.STORE_NO_MEMORY]).toBe(2);
    expect(conversation.flaws()).toEqual([]);
  });

  test('memory that runs out in the middle of a value is answered when the rest has gone by', () => {
    const full = makeWorker({ store: { memoryLimitBytes: 2 ** 20, evictions: false, slabChunkMaxBytes: 16_384 } });
    const conversation = new Conversation(full);
    const sent = `set long 0 0 ${LARGE.length}\r\n${LARGE}\r\n`;
    const replies = [1, 2, 3, 4].map((n) => conversation.send(sent.replace('long', `long${n}`), 9999));
    expect(replies).toContain('SERVER_ERROR Out of memory during read\r\n');
    expect(conversation.send('mn\r\n')).toBe('MN\r\n');
    expect(conversation.flaws()).toEqual([]);
  });
});

describe('outboxes', () => {
  const watched = Buffer.from('a line\n');

  test('a watching connection says what its outbox holds, and takes no further command', () => {
    const conversation = new Conversation(makeWorker());
    const { outboxes } = conversation.worker;
    expect(conversation.send('watch\r\n')).toBe('OK\r\n');
    expect(conversation.outcome).toBe(Outcome.STREAM);
    expect(conversation.session.isStreaming).toBe(true);
    expect(stateOf(conversation)).toBe(ConnectionState.WATCH);
    expect(conversation.send('get a\r\nquit\r\n')).toBe('');
    expect(conversation.session.hold()).toBe(0);
    outboxes.put(conversation.connection.outbox, watched, 0, watched.length);
    expect(conversation.session.pump()).toBe(Outcome.STREAM);
    expect(conversation.received()).toBe('a line\n');
    const slot = conversation.connection.outbox;
    conversation.session.close();
    expect(outboxes.stateOf(slot)).toBe(OutboxState.ABANDONED);
  });

  test('a blocked transport stops the outbox until it has drained', () => {
    const conversation = new Conversation(makeWorker());
    const { outboxes } = conversation.worker;
    conversation.send('watch\r\n');
    const much = Buffer.alloc(200_000, 'x');
    outboxes.put(conversation.connection.outbox, much, 0, much.length);
    conversation.takesAll = () => false;
    let runs = 1;
    while (conversation.session.pump() === Outcome.BLOCKED) runs++;
    expect(conversation.received()).toHaveLength(much.length);
    expect(runs).toBeGreaterThan(3);
  });

  test('commands behind a key dump are held, within the receive buffer, and served when it is over', () => {
    const conversation = new Conversation(makeWorker());
    const { outboxes } = conversation.worker;
    expect(conversation.send('lru_crawler metadump all\r\nget a\r\n')).toBe('OK\r\n');
    expect(conversation.receive('get b\r\n')).toBe(Outcome.STREAM);
    const { outbox } = conversation.connection;
    outboxes.put(outbox, watched, 0, watched.length);
    outboxes.finish(outbox);
    expect(conversation.session.pump()).toBe(Outcome.OPEN);
    expect(conversation.session.isStreaming).toBe(false);
    conversation.resume();
    expect(conversation.received()).toBe('a line\nEND\r\nEND\r\n');
  });

  test('a key dump whose client sends more than that is not read from until it is over', () => {
    const conversation = new Conversation(makeWorker());
    conversation.send('lru_crawler metadump all\r\n');
    const commands = 'get a\r\n'.repeat(INPUT_BYTES);
    expect(conversation.receive(commands.slice(0, INPUT_BYTES))).toBe(Outcome.BLOCKED);
    expect(conversation.session.hold()).toBe(INPUT_BYTES);
    conversation.worker.outboxes.finish(conversation.connection.outbox);
    expect(conversation.session.pump()).toBe(Outcome.OPEN);
    conversation.resume();
    expect(conversation.drain()).toBe('END\r\n'.repeat(Math.floor(INPUT_BYTES / 7)));
  });
});

describe('discovery', () => {
  test('a configuration arrives in any pieces and is found under its old name', () => {
    const value = '1\nnode|10.0.0.1|11211\n';
    const sent = `config set cluster 0 ${value.length}\r\n${value}\r\nget AmazonElastiCache:cluster\r\n`;
    const reply = `STORED\r\nVALUE AmazonElastiCache:cluster 0 ${value.length}\r\n${value}\r\nEND\r\n`;
    for (const piece of [INPUT_BYTES, 1, 30]) {
      expect(new Conversation(makeWorker()).send(sent, piece)).toBe(reply);
    }
  });
});
