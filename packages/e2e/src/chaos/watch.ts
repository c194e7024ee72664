/**
 * Looks at every node of a cluster and at its endpoint, ten times a second, and keeps what each ever showed.
 *
 * Made by the chaos run. Finds by itself what must never be seen: a version that goes back, in anybody's eyes, and a process
 * that was replaced although nobody had done anything to it. Nodes are those of the newest list that anyone showed.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { askList, askNode, portsIn, type ServerAnswer } from './question.js';

const LOOK_MS = 100;

export class Watch {
  readonly #endpointPort: number;
  readonly #onViolation: (text: string) => void;
  /** The highest version that each observer showed. */
  readonly #versions = new Map<string, number>();
  /** The process that each port was last seen to belong to. */
  readonly #pids = new Map<number, number>();
  /** Processes whose end has a reason: harm that was done to them, or a planned removal. */
  readonly #excused = new Set<number>();
  readonly #excusedPorts = new Set<number>();
  #newest: ServerAnswer = { version: 0, list: '', pid: 0 };
  #isWatching = true;
  #looks = 0;
  replacements = 0;
  readonly #watching: Promise<void>;

  constructor(endpointPort: number, onViolation: (text: string) => void) {
    this.#endpointPort = endpointPort;
    this.#onViolation = onViolation;
    this.#watching = this.#run();
  }

  get newest(): ServerAnswer {
    return this.#newest;
  }

  get looks(): number {
    return this.#looks;
  }

  get observers(): number {
    return this.#versions.size;
  }

  /** 0 while nobody has been seen there. */
  pidOn(port: number): number {
    return this.#pids.get(port) ?? 0;
  }

  excuse(pid: number): void {
    this.#excused.add(pid);
  }

  /** Whoever is on this port may be replaced, by one that is not seen yet as well, until the round is over. */
  excusePort(port: number): void {
    this.#excusedPorts.add(port);
  }

  endRound(): void {
    this.#excusedPorts.clear();
  }

  excuseAll(): void {
    for (const pid of this.#pids.values()) this.#excused.add(pid);
  }

  noteVersion(observer: string, version: number): void {
    if (version === 0) return;
    const before = this.#versions.get(observer) ?? 0;
    if (version < before) this.#onViolation(`${observer} went from version ${before} back to ${version}`);
    this.#versions.set(observer, Math.max(before, version));
  }

  async close(): Promise<void> {
    this.#isWatching = false;
    await this.#watching;
  }

  /** What everybody shows now, the endpoint first; null for who does not answer. */
  async look(): Promise<readonly (ServerAnswer | null)[]> {
    const ports = portsIn(this.#newest.list);
    const answers = await Promise.all([askList(this.#endpointPort), ...ports.map((port) => askNode(port))]);
    for (const [index, answer] of answers.entries()) {
      if (answer === null) continue;
      this.noteVersion(index === 0 ? 'the endpoint' : `the node on port ${ports[index - 1]}`, answer.version);
      if (index > 0) this.#notePid(ports[index - 1], answer.pid);
    }
    for (const answer of answers) if (answer !== null && answer.version > this.#newest.version) this.#enter(answer);
    this.#looks++;
    return answers;
  }

  async #run(): Promise<void> {
    while (this.#isWatching) {
      await this.look();
      await pause(LOOK_MS);
    }
  }

  #notePid(port: number, pid: number): void {
    const before = this.#pids.get(port);
    if (pid === 0 || pid === before) return;
    this.#pids.set(port, pid);
    if (before === undefined) return;
    this.replacements++;
    if (!this.#excused.has(before) && !this.#excusedPorts.has(port)) {
      this.#onViolation(
        `the node on port ${port} was replaced (pid ${before} by ${pid}) though nothing had happened to it`,
      );
    }
  }

  /** Nodes that are not on the new list leave by plan. */
  #enter(answer: ServerAnswer): void {
    this.#newest = answer;
    const listed = new Set(portsIn(answer.list));
    for (const [port, pid] of this.#pids) if (!listed.has(port)) this.#excused.add(pid);
  }
}
