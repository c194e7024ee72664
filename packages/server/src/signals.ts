/**
 * The signals of a server process: SIGTERM, SIGINT and SIGUSR1 stop it gracefully, a second one at once; SIGHUP does nothing.
 *
 * Installed by main.ts before anything else starts. A listener on SIGUSR1 also keeps Node.js from opening its debugger on it.
 * A signal that comes before there is a server to stop is kept until there is one.
 */
const STOPPING: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGUSR1'];

export interface Stoppable {
  close(): Promise<void>;
  destroy(): Promise<void>;
}

export class SignalListener {
  #server: Stoppable | null = null;
  #count = 0;
  readonly #onSignal: (signal: NodeJS.Signals) => void;
  readonly #stop = (signal: NodeJS.Signals) => {
    this.#onSignal(signal);
    this.#count++;
    this.#act();
  };
  readonly #ignore = (signal: NodeJS.Signals) => this.#onSignal(signal);

  constructor(onSignal: (signal: NodeJS.Signals) => void) {
    this.#onSignal = onSignal;
    for (const signal of STOPPING) process.on(signal, this.#stop);
    process.on('SIGHUP', this.#ignore);
  }

  /** From now on signals stop this. */
  attend(server: Stoppable): void {
    this.#server = server;
    this.#act();
  }

  remove(): void {
    for (const signal of STOPPING) process.off(signal, this.#stop);
    process.off('SIGHUP', this.#ignore);
  }

  #act(): void {
    if (this.#count === 1) void this.#server?.close();
    else if (this.#count > 1) void this.#server?.destroy();
  }
}
