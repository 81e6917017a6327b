import { setTimeout as sleep } from 'node:timers/promises';
import { startSigner, type Signer } from '../conformance/signer-process.ts';

/**
 * One signer of a storm through all of its lives. It is struck by one fault at a time; whoever comes second is told
 * that nothing took place.
 */
export class Station {
  readonly #file: string;
  #signer: Signer | undefined;
  #isStruck = false;
  #killed = 0;
  #returned = 0;
  readonly #mistakes: string[] = [];

  private constructor(file: string, signer: Signer) {
    this.#file = file;
    this.#signer = signer;
  }

  /** @param file of its configuration */
  static async start(file: string): Promise<Station> {
    return new Station(file, await startSigner(file));
  }

  /** Undefined while it is down. */
  get url(): string | undefined {
    return this.#signer?.url;
  }

  /** How often it was killed, and how often it came back. */
  get lives(): { readonly killed: number; readonly returned: number } {
    return { killed: this.#killed, returned: this.#returned };
  }

  /** What went wrong with its process that nobody asked for. */
  get mistakes(): readonly string[] {
    const hasEnded = !this.#isStruck && this.#signer?.hasEnded() === true;
    return hasEnded ? [...this.#mistakes, 'a signer ended by itself'] : this.#mistakes;
  }

  /** SIGKILL, and a new start. Resolves when it listens again. */
  kill(): Promise<boolean> {
    return this.#alone(async signer => {
      this.#killed += 1;
      this.#signer = undefined;
      await signer.process.kill();
      try {
        this.#signer = await startSigner(this.#file);
        this.#returned += 1;
      } catch (error) {
        this.#mistakes.push(error instanceof Error ? error.message : String(error));
      }
    });
  }

  /** SIGSTOP, and SIGCONT after a while. */
  pause(lengthMs: number): Promise<boolean> {
    return this.#alone(async signer => {
      await signer.process.pause();
      await sleep(lengthMs);
      signer.process.resume();
    });
  }

  async stop(): Promise<void> {
    await this.#signer?.process.stop();
  }

  async #alone(strike: (signer: Signer) => Promise<void>): Promise<boolean> {
    const signer = this.#signer;
    if (this.#isStruck || signer === undefined) return false;
    this.#isStruck = true;
    await strike(signer).finally(() => (this.#isStruck = false));
    return true;
  }
}
