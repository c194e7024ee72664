/**
 * One conversation, played in every way in which its bytes may arrive: whole, cut in two at every byte, and byte by byte.
 *
 * `@a` in what is sent stands for a key of this play alone, so that plays do not see each other's items; replies show it as `@a` again.
 * CAS numbers differ from play to play: replies show them as #1, #2, … in the order of their appearance.
 */
import { Outcome, type WorkerContext } from '../worker-context.js';
import { Conversation } from './conversation.js';

/** Beyond this many bytes only some cuts are played. */
const CUTS_MAX = 400;

let plays = 0;

/** Lines as they stand on the wire. */
export function lines(...texts: string[]): string {
  return texts.map((text) => `${text}\r\n`).join('');
}

/** The reply, `<closed>` behind it if the session closed; throws if it depends on how the bytes arrive. */
export function playEveryWay(worker: WorkerContext, sent: string): string {
  const whole = play(worker, sent, (conversation, text) => conversation.send(text));
  check(
    sent,
    whole,
    'byte by byte',
    play(worker, sent, (conversation, text) => conversation.send(text, 1)),
  );
  const step = Math.max(1, Math.floor(sent.length / CUTS_MAX));
  for (let at = 1; at < sent.length; at += step) {
    check(
      sent,
      whole,
      `cut at ${at}`,
      play(worker, sent, (conversation, text) => conversation.sendCut(text, at)),
    );
  }
  return whole;
}

function check(sent: string, expected: string, way: string, reply: string): void {
  if (reply === expected) return;
  throw new Error(`${JSON.stringify(sent)} ${way} answers ${JSON.stringify(reply)}, whole ${JSON.stringify(expected)}`);
}

function play(worker: WorkerContext, sent: string, send: (conversation: Conversation, text: string) => string): string {
  const suffix = `_${(plays++).toString(36).padStart(4, '0')}`;
  const conversation = new Conversation(worker);
  const reply = send(conversation, sent.replace(/@(\w)/g, `$1${suffix}`));
  const end = conversation.outcome === Outcome.CLOSE ? '<closed>' : '';
  conversation.session.close();
  return nameCas(reply.replaceAll(new RegExp(`(\\w)${suffix}`, 'g'), '@$1')) + end;
}

function nameCas(reply: string): string {
  const names = new Map<string, string>();
  const name = (cas: string) => {
    if (cas !== '0' && !names.has(cas)) names.set(cas, `#${names.size + 1}`);
    return names.get(cas) ?? cas;
  };
  return reply
    .replace(/^(VALUE \S+ \d+ \d+) (\d+)\r$/gm, (_, head, cas) => `${head} ${name(cas)}\r`)
    .replace(/^(?:HD|VA|NS|EX|NF).* c\d.*\r$/gm, (line) => line.replace(/ c(\d+)/g, (_, cas) => ` c${name(cas)}`))
    .replace(/ cas=(\d+)/g, (_, cas) => ` cas=${name(cas)}`);
}
