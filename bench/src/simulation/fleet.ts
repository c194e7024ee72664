// The clients' half of a simulation: many of one kind poll and learn while what the pool did is played to them.
//
// One event loop without promises; a client is a row of numbers and a course that decides (client-kinds.ts). A poll asks its
// targets one after the other: a node that cannot be reached costs the timeout of a question, one whose machine refuses
// costs a round trip. What dead nodes do to requests is in trouble.ts. Bounds: some 300 bytes a client.
import { CLIENT_DEFAULTS, type PollTarget } from '@shoal/client';
import { Chance } from './chance.js';
import type { ClientKind, Course, Pace } from './client-kinds.js';
import type { CourseOfEvents, Happening } from './course-of-events.js';
import { EventQueue } from './event-queue.js';
import { type Learned, LearningWatch } from './learning-watch.js';
import { LoadMeter, type LoadReport } from './load-meter.js';
import { packetMs } from './network.js';
import type { SimulationOptions } from './options.js';
import { ReplayedNodes } from './replayed-nodes.js';
import { CLIENTS_START_MS, START_SPREAD_MS, STEADY_FROM_MS, STORY, STORY_END_MS } from './story.js';
import { Trouble, type TroubleReport } from './trouble.js';

export interface FleetReport {
  readonly kind: string;
  readonly title: string;
  readonly periods: readonly { readonly name: string; readonly load: LoadReport }[];
  readonly learned: readonly Learned[];
  readonly trouble: TroubleReport;
}

const Event = {
  POLL: 0,
  ARRIVAL: 1,
  NEXT_TARGET: 2,
  HAPPENING: 3,
  SECOND: 4,
  NOTICE: 5,
  RECONNECT: 6,
  STILL_DOWN: 7,
} as const;

const ENDPOINT = { host: 'endpoint', port: 11211 };
const POOL_ZONE = 0;
/** For one question to one server, as Topology tells its poller. */
const QUESTION_TIMEOUT_MS = CLIENT_DEFAULTS.timeoutMs + CLIENT_DEFAULTS.connectTimeoutMs;
const SECOND_MS = 1000;

export function runFleet(kind: ClientKind, options: SimulationOptions, course: CourseOfEvents): FleetReport {
  return new Fleet(kind, options, course).run();
}

class Fleet {
  readonly #kind: ClientKind;
  readonly #options: SimulationOptions;
  readonly #script: readonly Happening[];
  readonly #queue = new EventQueue();
  readonly #chance: Chance;
  readonly #nodes: ReplayedNodes;
  readonly #courses: readonly Course[];
  readonly #paces: readonly Pace[] | null;
  readonly #dueAtMs: Float64Array;
  readonly #beganAtMs: Float64Array;
  readonly #isPolling: Uint8Array;
  readonly #isRefreshing: Uint8Array;
  readonly #steps: Uint8Array;
  readonly #targets: (readonly PollTarget[])[] = [];
  readonly #learning: LearningWatch;
  readonly #trouble: Trouble;
  readonly #periods = periodsOf();
  #period = 0;

  constructor(kind: ClientKind, options: SimulationOptions, course: CourseOfEvents) {
    const { clients, seed, pollMs } = options;
    this.#kind = kind;
    this.#options = options;
    this.#script = course.happenings;
    this.#chance = Chance.of(seed, kind.id);
    this.#nodes = new ReplayedNodes(course, options);
    this.#dueAtMs = new Float64Array(clients);
    this.#beganAtMs = new Float64Array(clients);
    this.#isPolling = new Uint8Array(clients);
    this.#isRefreshing = new Uint8Array(clients);
    this.#steps = new Uint8Array(clients);
    this.#learning = new LearningWatch(course.changes, clients);
    const parts = { endpoints: [ENDPOINT], intervalMs: pollMs, random: this.#chance.next };
    this.#courses = Array.from({ length: clients }, () => kind.newCourse(parts));
    const { newPace } = kind;
    this.#paces = newPace === null ? null : Array.from({ length: clients }, () => newPace());
    this.#trouble = new Trouble({
      ...{ options, nodes: this.#nodes, chance: Chance.of(seed, `trouble of ${kind.id}`), notices: newPace !== null },
      asksWhileDown: kind.asksWhileDown,
      noticeAt: (atMs, client) => this.#queue.add(atMs, Event.NOTICE, client),
      stillDownAt: (atMs, client) => this.#queue.add(atMs, Event.STILL_DOWN, client),
      reconnectAt: (atMs, chain) => this.#queue.add(atMs, Event.RECONNECT, chain),
    });
  }

  run(): FleetReport {
    const { clients } = this.#options;
    for (let client = 0; client < clients; client++) {
      this.#schedule(client, CLIENTS_START_MS + this.#chance.next() * START_SPREAD_MS);
    }
    for (const [index, { atMs }] of this.#script.entries()) this.#queue.add(atMs, Event.HAPPENING, index);
    this.#queue.add(CLIENTS_START_MS + SECOND_MS, Event.SECOND, 0);
    while (this.#queue.nextTimeMs < STORY_END_MS && this.#queue.take()) this.#handle();
    return {
      kind: this.#kind.id,
      title: this.#kind.title,
      periods: this.#periods.map(({ name, meter }) => ({ name, load: meter.report() })),
      learned: this.#learning.report(),
      trouble: this.#trouble.report(this.#learning),
    };
  }

  #handle(): void {
    const { kind, subject, timeMs } = this.#queue;
    switch (kind) {
      case Event.POLL:
        if (this.#dueAtMs[subject] === timeMs && this.#isPolling[subject] === 0) this.#begin(subject, timeMs);
        break;
      case Event.ARRIVAL:
        this.#arrive(subject, timeMs);
        break;
      case Event.NEXT_TARGET:
        this.#askNext(subject, timeMs);
        break;
      case Event.HAPPENING:
        this.#happen(this.#script[subject], timeMs);
        break;
      case Event.SECOND:
        this.#endSecond(timeMs);
        break;
      case Event.NOTICE:
        if (this.#trouble.notice(subject, timeMs)) this.#refresh(subject, timeMs);
        break;
      case Event.STILL_DOWN:
        if (this.#trouble.isStillDown(subject, timeMs)) this.#refresh(subject, timeMs);
        break;
      case Event.RECONNECT:
        this.#trouble.reconnect(subject, timeMs);
        break;
    }
  }

  #schedule(client: number, atMs: number): void {
    this.#dueAtMs[client] = atMs;
    this.#queue.add(atMs, Event.POLL, client);
  }

  #begin(client: number, nowMs: number): void {
    this.#isPolling[client] = 1;
    this.#beganAtMs[client] = nowMs;
    this.#targets[client] = this.#courses[client].targets();
    this.#steps[client] = 0;
    this.#ask(client, nowMs);
  }

  /** A refresh joins a poll that is under way. */
  #refresh(client: number, nowMs: number): void {
    if (this.#isRefreshing[client] === 1 || this.#paces?.[client].isDue(nowMs) !== true) return;
    this.#isRefreshing[client] = 1;
    if (this.#isPolling[client] === 0) this.#begin(client, nowMs);
  }

  #ask(client: number, nowMs: number): void {
    const node = this.#nodes.indexOf(this.#target(client).address.host);
    const state = node === null ? 'serving' : this.#nodes.stateOf(node);
    const packet = this.#packetMs(client, node);
    if (state === 'serving') this.#queue.add(nowMs + packet, Event.ARRIVAL, client);
    else {
      const waitMs = state === 'unreachable' ? QUESTION_TIMEOUT_MS : 2 * packet;
      this.#queue.add(nowMs + waitMs + this.#kind.betweenTargetsMs, Event.NEXT_TARGET, client);
    }
  }

  #askNext(client: number, nowMs: number): void {
    this.#steps[client]++;
    if (this.#steps[client] < this.#targets[client].length) this.#ask(client, nowMs);
    else this.#end(client, nowMs, { isSuccess: false, hadNews: false });
  }

  /** The question has come; what is answered now is read one packet later. */
  #arrive(client: number, nowMs: number): void {
    const target = this.#target(client);
    const node = this.#nodes.indexOf(target.address.host);
    const { config, answerBytes } = this.#nodes.answerOf(node);
    const { meter } = this.#periods[this.#period];
    if (node === null) meter.noteEndpoint(answerBytes);
    else meter.noteNode(node, answerBytes);
    const readAtMs = nowMs + this.#packetMs(client, node);
    const course = this.#courses[client];
    const before = course.current?.version ?? 0;
    const verdict = course.judge(target, config);
    if (verdict === 'stranger') this.#queue.add(readAtMs, Event.NEXT_TARGET, client);
    else {
      if (verdict === 'news') {
        this.#learning.learn(client, { before, now: config.version, atMs: readAtMs });
        this.#trouble.learn(client, config.version, readAtMs);
      }
      this.#end(client, readAtMs, { isSuccess: true, hadNews: verdict === 'news' });
    }
  }

  #end(client: number, nowMs: number, { isSuccess, hadNews }: { isSuccess: boolean; hadNews: boolean }): void {
    const course = this.#courses[client];
    course.noteOutcome(isSuccess);
    this.#isPolling[client] = 0;
    if (this.#isRefreshing[client] === 1) this.#paces?.[client].noteEnd(nowMs, hadNews, this.#chance.next());
    this.#isRefreshing[client] = 0;
    const fromMs = this.#kind.hasFixedRate ? this.#beganAtMs[client] : nowMs;
    this.#schedule(client, Math.max(nowMs, fromMs + course.pauseMs()));
  }

  #happen(happening: Happening, nowMs: number): void {
    this.#nodes.happen(happening);
    if (happening.kind !== 'lost') return;
    this.#trouble.begin({ isSilent: happening.isSilent, nowMs, versionOf: (client) => this.#versionOf(client) });
  }

  #endSecond(nowMs: number): void {
    this.#periods[this.#period].meter.endSecond(this.#nodes.servingCount);
    this.#trouble.endSecond();
    while (this.#period + 1 < this.#periods.length && nowMs >= this.#periods[this.#period + 1].fromMs) this.#period++;
    this.#queue.add(nowMs + SECOND_MS, Event.SECOND, 0);
  }

  #versionOf(client: number): number {
    return this.#courses[client].current?.version ?? 0;
  }

  #target(client: number): PollTarget {
    return this.#targets[client][this.#steps[client]];
  }

  /** Clients stand in every zone but the last. */
  #packetMs(client: number, node: number | null): number {
    const zone = client % (this.#options.zones - 1);
    return packetMs(zone, node === null ? POOL_ZONE : this.#nodes.zoneOf(node), this.#chance);
  }
}

function periodsOf(): { readonly name: string; readonly fromMs: number; readonly meter: LoadMeter }[] {
  const begins = [
    { name: 'a fleet starts within 10 s', fromMs: CLIENTS_START_MS },
    { name: 'every day', fromMs: STEADY_FROM_MS },
    ...STORY.map(({ name, atMs }) => ({ name, fromMs: atMs })),
  ];
  return begins.map((begin) => ({ ...begin, meter: new LoadMeter() }));
}
