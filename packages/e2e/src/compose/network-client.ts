/**
 * The client inside the compose network, as the test outside sees it: network-client.mjs in a container of the image, and
 * what its lines tell. Used by the stages.
 *
 * Keeps the last look, and every version that was seen, for the rule that they only rise.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ClusterNode } from '@shoal/protocol';
import { eventually } from '../harness/eventually.js';
import type { Work } from './endpoint-load.js';
import type { Programs } from './programs.js';

export interface Look {
  readonly version: number;
  readonly nodes: readonly ClusterNode[];
  /** Sentences about who does not agree with the endpoint; empty when all do. */
  readonly strays: readonly string[];
  readonly work: Work;
  readonly isLast?: true;
}

export interface NetworkClientOptions {
  readonly image: string;
  readonly network: string;
  readonly name: string;
  /** Inside the network. */
  readonly endpoint: string;
}

const PROGRAM = fileURLToPath(new URL('../../src/compose/network-client.mjs', import.meta.url));
/** A folder of the image from which the client can be imported. */
const FOLDER = '/opt/shoal/packages/cli';
const LOOK_EVERY_MS = 250;
const POLL_INTERVAL_MS = 500;
const START_DEADLINE_MS = 30_000;
const OUTPUT_CHARACTERS_MAX = 4096;

export class NetworkClient {
  /** Newest last; a version that was seen again is not repeated. */
  readonly versions: number[] = [];
  last: Look | null = null;
  looks = 0;
  readonly #name: string;
  readonly #programs: Programs;
  readonly #child: ChildProcess;
  #errors = '';

  private constructor(programs: Programs, { image, network, name, endpoint }: NetworkClientOptions) {
    this.#name = name;
    this.#programs = programs;
    const program = ['--input-type=module', '-', endpoint, String(LOOK_EVERY_MS), String(POLL_INTERVAL_MS)];
    const run = ['run', '--rm', '-i', '--name', name, '--network', network, '--workdir', FOLDER];
    this.#child = spawn('docker', [...run, '--entrypoint', 'node', image, ...program], {
      env: programs.environment,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child.on('error', (error) => this.#note(error.message));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#note(text));
    if (this.#child.stdin !== null) createReadStream(PROGRAM).pipe(this.#child.stdin.on('error', () => undefined));
    if (this.#child.stdout !== null) createInterface(this.#child.stdout).on('line', (line) => this.#read(line));
  }

  /** Resolves with its first look. */
  static async start(programs: Programs, options: NetworkClientOptions): Promise<NetworkClient> {
    const client = new NetworkClient(programs, options);
    await eventually(
      'the client in the network to work',
      () => {
        if (client.#child.exitCode !== null) throw new Error(`The client in the network ended: ${client.#errors}`);
        return (client.last?.work.requests ?? 0) > 0;
      },
      START_DEADLINE_MS,
    );
    return client;
  }

  get work(): Work {
    if (this.last === null) throw new Error('The client in the network has said nothing');
    return this.last.work;
  }

  /** Its last word counts everything. */
  async end(): Promise<Work> {
    const closed = once(this.#child, 'close');
    if (this.#child.exitCode === null) {
      await this.#programs.run('docker', ['kill', '--signal', 'TERM', this.#name]);
      await closed;
    }
    if (this.last?.isLast !== true) throw new Error(`The client in the network ended early: ${this.#errors}`);
    return this.last.work;
  }

  #read(line: string): void {
    const look = JSON.parse(line) as Look;
    if (look.isLast === undefined) this.looks++;
    if (look.version > 0 && look.version !== this.versions.at(-1)) this.versions.push(look.version);
    this.last = look;
  }

  #note(text: string): void {
    this.#errors = (this.#errors + text).slice(-OUTPUT_CHARACTERS_MAX);
  }
}
