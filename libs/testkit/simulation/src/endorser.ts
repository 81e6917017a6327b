import { checkJobs, type Topic, type Verifier, type ViewStream } from '@meridian/chain-view';
import type { Clock } from '@meridian/prelude';
import { wasMade } from '@meridian/sandbox-chain/signatures';
import type { Ballot, Marks } from '@meridian/tenderbake';
import type { BlockHash, ChainId, PublicKeyHash } from '@meridian/tezos';
import { nativeVerifier } from '@meridian/vote-feed';
import { newLine, operationHex, signBytesOf, stepLine } from '@meridian/vote-line';
import type { LineEffect, LineEvent, LineState } from '@meridian/vote-line';
import { NODES } from './options.ts';
import type { Reasons } from './reasons.ts';
import type { Rogue } from './rogue.ts';
import type { Signer } from './signer.ts';
import { SIGN_MS } from './truth.ts';

/** A process around the line from block to vote. */
export type Endorser = {
  readonly hear: (event: LineEvent) => Promise<void>;
  readonly tick: () => Promise<void>;
  /** Forgets all that it knows; what was under way for the process before is lost. */
  readonly startAnew: () => void;
};

/** What an endorser reaches outside itself. */
export type EndorserOptions = {
  readonly chainId: ChainId;
  readonly keys: ReadonlySet<PublicKeyHash>;
  readonly now: Clock;
  readonly later: (ms: number, act: () => void | Promise<void>) => void;
  readonly signer: Signer;
  /** Somebody else who asks the same signer. */
  readonly rogue: Rogue;
  readonly read: (topic: Topic) => void;
  /** A stream is to be opened anew. */
  readonly restart: (node: string, stream: ViewStream) => Promise<void>;
  /** Told of every vote that was signed. */
  readonly signed: (ballot: Ballot) => void;
  readonly inject: (ballot: Ballot, operation: string) => void;
  readonly reasons: Reasons;
};

/** A signer that does not answer is asked again, as the client of the daemon does. */
const AGAIN_MS = 50;
const TRIES_MAX = 20;
const native = nativeVerifier();
/** As the daemon checks, but for signatures that were made here. */
const VERIFIER: Verifier = {
  ...native,
  verify: (key, signature, bytes) =>
    wasMade(key, signature, bytes) || native.verify(key, signature, bytes),
};

/** An endorser that has heard nothing yet. */
export function createEndorser(options: EndorserOptions): Endorser {
  let process = new Process(options);
  return {
    hear: event => process.hear(event),
    tick: () => process.hear({ kind: 'tick', at: options.now() }),
    startAnew: () => {
      process.stop();
      process = new Process(options);
    },
  };
}

class Process {
  readonly #options: EndorserOptions;
  #line: LineState;
  #isStopped = false;

  constructor(options: EndorserOptions) {
    const { chainId, keys } = options;
    const quorum = Math.floor(NODES / 2) + 1;
    this.#options = options;
    this.#line = newLine({ chainId, keys, quorum }, { sign: 'at_prequorum' });
  }

  stop(): void {
    this.#isStopped = true;
  }

  async hear(event: LineEvent): Promise<void> {
    if (this.#isStopped) return;
    const [next, effects] = stepLine(this.#line, VERIFIER, event);
    this.#line = next;
    for (const effect of effects) await this.#perform(effect);
  }

  #later(ms: number, act: () => Promise<void>): void {
    this.#options.later(ms, () => (this.#isStopped ? undefined : act()));
  }

  async #perform(effect: LineEffect): Promise<void> {
    const { reasons, now } = this.#options;
    switch (effect.kind) {
      case 'sign':
        await Promise.all(effect.ballots.map(ballot => this.#sign(ballot, TRIES_MAX)));
        return;
      case 'inject':
        reasons.injected(effect.ballot);
        this.#options.inject(effect.ballot, effect.operation);
        return;
      case 'read_marks':
        for (const key of effect.keys)
          this.#later(SIGN_MS, () => this.#readMark(effect.hash, key, TRIES_MAX));
        return;
      case 'wake':
        this.#later(Math.max(0, effect.at - now()), () =>
          this.hear({ kind: 'timer', at: now(), hash: effect.hash }),
        );
        return;
      case 'verify': {
        const findings = checkJobs(VERIFIER, effect.jobs);
        await this.hear({ kind: 'verified', at: now(), batch: effect.batch, findings });
        return;
      }
      case 'read':
        this.#options.read(effect.topic);
        return;
      case 'proposal':
        reasons.heard(effect.proposal);
        return;
      case 'abstain':
        reasons.note(effect.level, effect.reason);
        return;
      case 'facts':
      case 'fault':
      case 'prequorum':
      case 'protocol':
        return;
      case 'restart':
        await this.#options.restart(effect.node, effect.stream);
        return;
    }
  }

  async #sign(ballot: Ballot, tries: number): Promise<void> {
    const { signer, rogue, chainId, reasons, now } = this.#options;
    const outcome = await signer.sign(ballot.consensusKey, signBytesOf(chainId, ballot));
    if (outcome.kind === 'signature') {
      this.#options.signed(ballot);
      const operation = operationHex(ballot, outcome.signature);
      this.#later(SIGN_MS, () => this.hear({ kind: 'signed', at: now(), ballot, operation }));
      await rogue.tempt(ballot);
    } else if (outcome.kind === 'refused') {
      reasons.refused(ballot.level, outcome.code);
    } else if (tries > 1) {
      this.#later(AGAIN_MS, () => this.#sign(ballot, tries - 1));
    } else {
      reasons.note(ballot.level, 'no_signer');
    }
  }

  async #readMark(hash: BlockHash, key: PublicKeyHash, tries: number): Promise<void> {
    const { signer, now } = this.#options;
    const mark = await signer.mark(key);
    if (mark === undefined && tries > 1) {
      this.#later(AGAIN_MS, () => this.#readMark(hash, key, tries - 1));
      return;
    }
    const marks: Marks = new Map([[key, mark === undefined ? 'unknown' : mark]]);
    await this.hear({ kind: 'marks', at: now(), hash, marks });
  }
}
