/**
 * Reads a transcript file: Markdown whose `conversation` fences say what a client sends and what the server answers.
 * `docs` of the format is transcripts/README.md. One `##` heading is one case, one fence in it is one conversation on
 * connections of its own. Used by the transcript tests; throws with file and line when it cannot read a line.
 */
import { type Frame, parseFrame } from './binary-notation.js';
import { bytesSegment, parseNotation, type Segment } from './notation.js';

export type Sent =
  | { readonly kind: 'text'; readonly segments: Segment[] }
  | { readonly kind: 'frame'; readonly frame: Frame };
/** `closed`: the server hangs up. `anything`: whatever this connection still hears is fine. */
type Ending = { readonly kind: 'closed' } | { readonly kind: 'anything' };

export type Answer = { readonly line: number } & (Sent | Ending);

export interface Turn {
  readonly line: number;
  readonly connection: string;
  readonly send: Sent[];
  readonly answers: Answer[];
  /** Sent again and again until the answers fit: for what a server does in its own time. */
  readonly repeat: boolean;
}

export interface Block {
  readonly line: number;
  readonly lines: readonly BlockLine[];
}

export interface Case {
  readonly title: string;
  readonly line: number;
  readonly blocks: Block[];
  readonly directives: ReadonlyMap<string, string>;
}

export interface BlockLine {
  readonly line: number;
  readonly connection: string;
  readonly audience: string;
  readonly part: 'send' | 'repeat' | 'answer';
  readonly content: Sent | Ending;
}

/** Who is answering: decides which lines of a transcript count. */
export interface Identity {
  readonly server: 'shoal' | 'memcached';
  readonly version: string;
  readonly debugCommands: boolean;
}

const LINE =
  /^(?:([A-Z]) )?(?:((?:not )?(?:1\.6\.18|1\.6\.45|shoal|memcached)) )?(until)?(>>|>|<<|<closed>|<anything>|<)(?: (.*))?$/s;
const DIRECTIVE =
  /^- (server|fresh|quiet|once|(?:memcached )?turn by turn|needs debugtime|only shoal|skip (?:1\.6\.18|1\.6\.45|memcached|shoal)|)(?:: (.*))?$/;

export function parseTranscript(file: string, markdown: string): Case[] {
  const cases: Case[] = [];
  const shared = new Map<string, string>();
  let current: { title: string; line: number; blocks: Block[]; directives: Map<string, string> } | null = null;
  let fence: { line: number; lines: BlockLine[] } | null = null;
  for (const [index, text] of markdown.split('\n').entries()) {
    const line = index + 1;
    if (fence !== null) {
      if (text.startsWith('```')) {
        if (current === null)
          throw new Error(`Cannot read ${file}:${line}: a conversation stands before the first ## heading`);
        current.blocks.push(fence);
        fence = null;
      } else if (text.trim() !== '') fence.lines.push(parseLine(file, line, text));
    } else if (text === '```conversation') fence = { line, lines: [] };
    else if (text.startsWith('## ')) {
      current = { title: text.slice(3), line, blocks: [], directives: new Map(shared) };
      cases.push(current);
    } else {
      const directive = DIRECTIVE.exec(text);
      if (directive !== null) (current?.directives ?? shared).set(directive[1], directive[2] ?? '');
    }
  }
  if (fence !== null) throw new Error(`Cannot read ${file}: the fence of line ${fence.line} has no end`);
  return cases;
}

function parseLine(file: string, line: number, text: string): BlockLine {
  const match = LINE.exec(text);
  if (match === null) throw new Error(`Cannot read ${file}:${line}: "${text}" starts with neither > nor <`);
  const [, connection = '', audience = '', until, arrow, rest = ''] = match;
  const part = arrow.startsWith('<') ? 'answer' : until === undefined ? 'send' : 'repeat';
  try {
    return { line, connection, audience, part, content: parseContent(arrow, rest) };
  } catch (error) {
    throw new Error(`${file}:${line}: ${(error as Error).message}`);
  }
}

function parseContent(arrow: string, rest: string): BlockLine['content'] {
  if (arrow === '<closed>' || arrow === '<anything>') return { kind: arrow === '<closed>' ? 'closed' : 'anything' };
  if (arrow.length === 2) return { kind: 'frame', frame: parseFrame(rest) };
  const open = /(?:^|[^\\])(?:\\\\)*\\$/.test(rest);
  const segments = parseNotation(open ? rest.slice(0, -1) : rest);
  if (!open && segments.at(-1)?.kind !== 'lines') segments.push(bytesSegment('\r\n', false));
  return { kind: 'text', segments };
}

function speaksTo(audience: string, identity: Identity): boolean {
  if (audience === '') return true;
  const not = audience.startsWith('not ');
  const who = not ? audience.slice(4) : audience;
  const meant = who === identity.server || (identity.server === 'memcached' && who === identity.version);
  return meant !== not;
}

/** The turns of a block as this server is expected to play them. */
export function turnsFor(block: Block, identity: Identity): Turn[] {
  const turns: Turn[] = [];
  for (const { line, connection, audience, part, content } of block.lines) {
    if (!speaksTo(audience, identity)) continue;
    const repeat = part === 'repeat';
    const last = turns.at(-1);
    const goesOn = last !== undefined && last.connection === connection;
    if (part === 'answer') {
      answer(goesOn ? last : newTurn(turns, { line, connection, repeat }), line, content);
    } else if (content.kind === 'text' || content.kind === 'frame') {
      const sameTurn = goesOn && last.answers.length === 0 && last.repeat === repeat;
      (sameTurn ? last : newTurn(turns, { line, connection, repeat })).send.push(content);
    }
  }
  return turns;
}

/** A line behind `{lines}` belongs to it: together they say where the skipping ends. */
function answer(turn: Turn, line: number, content: BlockLine['content']): void {
  const last = turn.answers.at(-1);
  if (last?.kind === 'text' && last.segments.at(-1)?.kind === 'lines' && content.kind === 'text') {
    turn.answers[turn.answers.length - 1] = { ...last, segments: [...last.segments, ...content.segments] };
  } else turn.answers.push({ line, ...content });
}

function newTurn(turns: Turn[], opening: Pick<Turn, 'line' | 'connection' | 'repeat'>): Turn {
  const turn: Turn = { ...opening, send: [], answers: [] };
  turns.push(turn);
  return turn;
}

/** Why this server does not play the case, or null when it does. */
export function reasonToSkip(subject: Case, identity: Identity): string | null {
  const { directives } = subject;
  if (identity.server !== 'shoal' && directives.has('only shoal')) return directives.get('only shoal') || 'Shoal only';
  if (directives.has('needs debugtime') && !identity.debugCommands) return 'this build has no debugtime';
  return (
    directives.get(`skip ${identity.server}`) ??
    (identity.server === 'memcached' ? (directives.get(`skip ${identity.version}`) ?? null) : null)
  );
}
