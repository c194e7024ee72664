/** Who may change the discovery configuration of a node that belongs to a pool, and which list a listener's clients see. */
import { describe, expect, test } from '@jest/globals';
import { Opcode } from '@shoal/protocol';
import { AdminWorker } from '../testing/admin-worker.js';
import { frame, responses } from '../testing/binary-frames.js';
import { Conversation, makeWorker } from '../testing/conversation.js';
import { lines, playEveryWay } from '../testing/every-way.js';

const SECRET = '0123456789abcdef0123456789abcdef';
const OTHER_SECRET = 'f'.repeat(32);
const MANAGED = 'CLIENT_ERROR config is managed by the pool\r\n';
const LEGACY = 'AmazonElastiCache:cluster';
const LIST = '3\na|1.1.1.1|1\n';
const POOL_SET = `config set cluster 0 ${LIST.length} ${SECRET}\r\n${LIST}\r\n`;

function managedWorker() {
  return makeWorker({ server: { clusterSecret: SECRET } });
}

describe('a managed node, in text', () => {
  const worker = managedWorker();

  test('takes a list from who names the secret, however the bytes arrive', () => {
    expect(playEveryWay(worker, `${POOL_SET}config get cluster\r\n`)).toBe(
      `STORED\r\nCONFIG cluster 0 ${LIST.length}\r\n${LIST}\r\nEND\r\n`,
    );
  });

  test.each([
    ['without a secret', ''],
    ['with a wrong one', ` ${OTHER_SECRET}`],
    ['with one that is a letter off', ` ${SECRET.slice(0, -1)}e`],
    ['with one too short', ` ${SECRET.slice(0, -1)}`],
    ['with one too long', ` ${SECRET}0`],
    ['with the secret behind another word', ` x ${SECRET}`],
    ['with the secret in capitals', ` ${SECRET.toUpperCase()}`],
  ])('refuses a list %s, and throws its block away', (_, word) => {
    const evil = '9\nevil|6.6.6.6|6\n';
    const sent = `config set cluster 0 ${evil.length}${word}\r\n${evil}\r\nconfig get cluster\r\n`;
    expect(playEveryWay(worker, sent)).toBe(`${MANAGED}CONFIG cluster 0 ${LIST.length}\r\n${LIST}\r\nEND\r\n`);
  });

  test('refuses every other name too, and says so rather than how large a value may be', () => {
    expect(playEveryWay(worker, 'config set cluster:11311 0 1\r\nx\r\nmn\r\n')).toBe(`${MANAGED}MN\r\n`);
    expect(new Conversation(worker).send(`config set x 0 65537\r\n${'x'.repeat(65_537)}\r\nmn\r\n`)).toBe(
      `${MANAGED}MN\r\n`,
    );
  });

  test('says nothing of a refusal that came with noreply', () => {
    expect(playEveryWay(worker, 'config set x 0 1 noreply\r\nx\r\nconfig get x\r\n')).toBe(lines('END'));
    expect(playEveryWay(worker, 'config delete cluster noreply\r\nmn\r\n')).toBe(lines('MN'));
  });

  test('takes the secret with noreply behind it', () => {
    const sent = `config set quiet 0 1 ${SECRET} noreply\r\nx\r\nconfig get quiet\r\nconfig delete quiet ${SECRET} noreply\r\n`;
    expect(playEveryWay(worker, sent)).toBe(lines('CONFIG quiet 0 1', 'x', 'END'));
  });

  test('deletes for the pool alone', () => {
    const own = managedWorker();
    new Conversation(own).send(POOL_SET);
    for (const word of ['', ` ${OTHER_SECRET}`]) {
      expect(playEveryWay(own, `config delete cluster${word}\r\n`)).toBe(MANAGED);
    }
    expect(new Conversation(own).send(`config delete cluster ${SECRET}\r\n`)).toBe(lines('DELETED'));
    expect(new Conversation(own).send(`config delete cluster ${SECRET}\r\n`)).toBe(lines('NOT_FOUND'));
  });
});

describe('a managed node, in binary', () => {
  const desk = new AdminWorker({ clusterSecret: SECRET });
  desk.ask(POOL_SET);

  test.each([
    ['set', Opcode.CONFIG_SET],
    ['quiet set', Opcode.CONFIG_SETQ],
  ])('refuses a %s with an authentication error, its value thrown away', (_, opcode) => {
    const conversation = new Conversation(desk.worker);
    const set = frame({ opcode, key: 'cluster', extras: Buffer.alloc(4), value: `9\nevil|6.6.6.6|6\n${SECRET}` });
    const [refusal, noop] = responses(conversation.send(set + frame({ opcode: Opcode.NOOP })));
    expect(refusal).toMatchObject({ status: 0x20, value: 'Config is managed by the pool' });
    expect(noop).toMatchObject({ opcode: Opcode.NOOP, status: 0 });
  });

  test('refuses a delete, and answers gets to everybody', () => {
    expect(desk.askBinary({ opcode: Opcode.CONFIG_DELETE, key: 'cluster' })).toMatchObject([{ status: 0x20 }]);
    expect(desk.askBinary({ opcode: Opcode.CONFIG_GET, key: 'cluster' })).toMatchObject([{ status: 0, value: LIST }]);
  });
});

describe('the secret', () => {
  test('may come after the start: until then nobody may change anything', () => {
    const desk = new AdminWorker({ clusterSecret: SECRET });
    const later = OTHER_SECRET;
    desk.worker.configs.setSecret(later);
    expect(desk.ask(POOL_SET)).toBe(MANAGED);
    expect(desk.ask(POOL_SET.replace(SECRET, later))).toBe('STORED\r\n');
  });

  test('means nothing to a node of its own', () => {
    const desk = new AdminWorker();
    expect(desk.ask(POOL_SET)).toBe('STORED\r\n');
    expect(desk.ask('config set cluster 0 1\r\nx\r\n')).toBe('STORED\r\n');
    expect(desk.ask(`config delete cluster ${OTHER_SECRET}\r\n`)).toBe('DELETED\r\n');
  });
});

describe('the old name of the list on a managed node', () => {
  const worker = managedWorker();
  const answer = lines(`VALUE ${LEGACY} 0 ${LIST.length}`, LIST, 'END');
  const BASE64 = Buffer.from(LEGACY).toString('base64');

  test.each(['set', 'add', 'replace', 'append', 'prepend', 'cas'])('cannot be taken by %s', (command) => {
    new Conversation(worker).send(POOL_SET);
    const cas = command === 'cas' ? ' 1' : '';
    const sent = `${command} ${LEGACY} 0 0 4${cas}\r\nevil\r\nget ${LEGACY}\r\n`;
    expect(playEveryWay(worker, sent)).toBe(MANAGED + answer);
  });

  test.each([
    [`ms ${LEGACY} 4\r\nevil\r\n`, MANAGED],
    [`ms ${BASE64} 4 b\r\nevil\r\n`, MANAGED],
    [`mg ${LEGACY} N30 v\r\n`, 'EN\r\n'],
    [`ma ${LEGACY} N30 J5\r\n`, 'SERVER_ERROR Out of memory allocating new item\r\n'],
    [`incr ${LEGACY} 1\r\n`, 'NOT_FOUND\r\n'],
    [`touch ${LEGACY} 0\r\n`, 'NOT_FOUND\r\n'],
  ])('cannot be taken by %j', (sent, reply) => {
    new Conversation(worker).send(POOL_SET);
    expect(playEveryWay(worker, `${sent}get ${LEGACY}\r\n`)).toBe(reply + answer);
  });

  test('cannot be taken in binary', () => {
    new Conversation(worker).send(POOL_SET);
    const conversation = new Conversation(worker);
    const set = frame({ opcode: Opcode.SET, key: LEGACY, extras: Buffer.alloc(8), value: 'evil' });
    const count = frame({ opcode: Opcode.INCREMENT, key: LEGACY, extras: Buffer.alloc(20) });
    const [refusal, noMemory, got] = responses(
      conversation.send(set + count + frame({ opcode: Opcode.GET, key: LEGACY })),
    );
    expect(refusal).toMatchObject({ status: 0x20 });
    expect(noMemory).toMatchObject({ status: 0x82 });
    expect(got).toMatchObject({ status: 0, value: LIST });
  });

  test('is refused before there is a list as well, and other keys of its length are not', () => {
    const empty = managedWorker();
    expect(new Conversation(empty).send(`set ${LEGACY} 0 0 1\r\nx\r\nget ${LEGACY}\r\n`)).toBe(`${MANAGED}END\r\n`);
    expect(new Conversation(empty).send(`set ${LEGACY.replace('A', 'B')} 0 0 1\r\nx\r\n`)).toBe('STORED\r\n');
  });
});

describe('a list for one listener', () => {
  /** The connections of an AdminWorker have come in through port 11211. */
  const OWN = '3\nout|9.9.9.9|9\n';

  function withLists(...keys: string[]): AdminWorker {
    const desk = new AdminWorker();
    desk.ask(`config set cluster 0 ${LIST.length}\r\n${LIST}\r\n`);
    for (const key of keys) desk.ask(`config set ${key} 0 ${OWN.length}\r\n${OWN}\r\n`);
    return desk;
  }

  test('is what its clients get for cluster, in text, in binary, and under the old name', () => {
    const desk = withLists('cluster:11211');
    expect(desk.ask('config get cluster\r\n')).toBe(`CONFIG cluster 0 ${OWN.length}\r\n${OWN}\r\nEND\r\n`);
    expect(desk.askBinary({ opcode: Opcode.CONFIG_GET })).toMatchObject([{ value: OWN }]);
    expect(desk.askBinary({ opcode: Opcode.CONFIG_GETK, key: 'cluster' })).toMatchObject([
      { key: 'cluster', value: OWN },
    ]);
    const { worker } = desk;
    expect(new Conversation(worker).send(`get ${LEGACY}\r\n`)).toBe(
      lines(`VALUE ${LEGACY} 0 ${OWN.length}`, OWN, 'END'),
    );
    const [got] = responses(new Conversation(worker).send(frame({ opcode: Opcode.GET, key: LEGACY })));
    expect(got).toMatchObject({ value: OWN });
  });

  test('is nothing to clients of other listeners, and can be asked for by its name', () => {
    const desk = withLists('cluster:11212');
    expect(desk.ask('config get cluster\r\n')).toBe(`CONFIG cluster 0 ${LIST.length}\r\n${LIST}\r\nEND\r\n`);
    expect(desk.ask('config get cluster:11212\r\n')).toContain(OWN);
  });

  test('goes back to the list for everybody when it is deleted', () => {
    const desk = withLists('cluster:11211');
    desk.ask('config delete cluster:11211\r\n');
    expect(desk.ask('config get cluster\r\n')).toContain(LIST);
  });
});
