import { fromHex, level, round, slot, toBase58, toHex, type ChainId } from '@meridian/tezos';
import { readSignBytes, voteModeOf, voteSignBytes } from '@meridian/tezos/forge';
import { randomBytes } from 'node:crypto';
import type { System } from './system.ts';

/** A key of the keyboard and what it does. */
type Key = {
  readonly keys: readonly string[];
  readonly does: string;
  readonly act: (system: System, key: string, say: (line: string) => void) => Promise<void>;
};

const ill = new Set<string>();
/** How many endorsers were killed. */
let struck = 0;

/** Every live key but the one that ends the run. */
export const KEYS: readonly Key[] = [
  {
    keys: ['1', '2', '3', '4', '5'],
    does: 'stop that edge node, or start it again',
    act: async ({ control }, key, say) => {
      const node = `node${key}`;
      const isIll = ill.has(node);
      await fetch(`${control}/nodes/${node}/${isIll ? 'ok' : 'refuse'}`, { method: 'POST' });
      if (isIll) ill.delete(node);
      else ill.add(node);
      say(`${node} ${isIll ? 'is back' : 'refuses all connections'}`);
    },
  },
  {
    keys: ['s'],
    does: 'kill -9 the signer that holds the watermark; the other one takes over',
    act: async (system, _key, say) => {
      const holder = await system.holder();
      system.strike(holder);
      say(`${holder} was killed`);
    },
  },
  {
    keys: ['e'],
    does: 'kill -9 an endorser, the next one each time; it is started again',
    act: (system, _key, say) => {
      const name = system.endorsers[struck % system.endorsers.length] ?? '';
      struck += 1;
      system.strike(name);
      say(`${name} was killed`);
      return Promise.resolve();
    },
  },
  { keys: ['d'], does: 'try to sign another payload where one was signed', act: tryDouble },
];

/** Asks for a second attestation where the last one was, and shows what the signer says. */
async function tryDouble(system: System, _key: string, say: (line: string) => void): Promise<void> {
  const [{ pkh }] = system.workshop.keys;
  for (const url of system.signers) {
    const answer = await fetch(`${url}/marks/${pkh}`).catch(() => undefined);
    if (answer?.status !== 200) continue;
    type Mark = {
      kind: string;
      chain_id: ChainId;
      level: number;
      round: number;
      bytes: string | null;
    };
    const { marks } = (await answer.json()) as { marks: readonly Mark[] };
    const mark = marks.find(({ kind }) => kind === 'attestation');
    if (mark === undefined || mark.bytes === null) break;
    const response = await fetch(`${url}/keys/${pkh}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(toHex(otherPayload(pkh, mark.bytes))),
    });
    const [first, second] = (await response.json()) as readonly { msg?: string; id?: string }[];
    say(`${response.status.toString()} ${second?.id ?? ''}: ${first?.msg ?? ''}`);
    return;
  }
  say('nothing was attested yet');
}

/** The same vote for another payload. */
function otherPayload(pkh: string, bytes: string): Uint8Array {
  const subject = readSignBytes(fromHex(bytes));
  if (subject.kind === 'block') throw new Error('a vote was signed last');
  const vote = {
    kind: 'attestation',
    // A tz4 key signs no slot.
    slot: subject.slot ?? slot(0),
    level: level(subject.level),
    round: round(subject.round),
    block_payload_hash: toBase58('payloadHash', randomBytes(32)),
  } as const;
  return voteSignBytes(
    subject.chainId,
    { branch: subject.branch, contents: [vote] },
    voteModeOf(pkh),
  );
}

/** The keys in a few lines. */
export function helpOnKeys(): string {
  const rows = KEYS.map(({ keys, does }) => `  ${keys.join(' ').padEnd(10)} ${does}`);
  return [...rows, '  ?          these lines', '  q          end the run'].join('\n');
}

/** Listens to the keyboard until `q`; does nothing where there is no terminal. */
export function listenToKeys(
  system: System,
  say: (line: string) => void,
  quit: () => void,
): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => undefined;
  stdin.setRawMode(true);
  stdin.resume();
  const heard = (data: Buffer): void => {
    for (const key of data.toString('utf8')) {
      if (key === 'q' || key === '\u0003') quit();
      else if (key === '?') say(helpOnKeys());
      else {
        const found = KEYS.find(({ keys }) => keys.includes(key));
        found?.act(system, key, say).catch((error: unknown) => {
          say(error instanceof Error ? error.message : String(error));
        });
      }
    }
  };
  stdin.on('data', heard);
  return () => {
    stdin.off('data', heard);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
