import { level, readFitness, slot, toHex } from '@meridian/tezos';
import type { BlockHash, ChainId, PayloadHash, PublicKey, SecretKey } from '@meridian/tezos';
import { publicKeyHashOf, publicKeyOf, sign } from '@meridian/tezos/crypto';
import { attachSignature, encode, unsignedVote, voteModeOf } from '@meridian/tezos/forge';
import { voteSignBytes, type Unsigned, type Vote } from '@meridian/tezos/forge';
import { json, listenTo } from './http-fixture.ts';

type Item = {
  readonly chain_id: ChainId;
  readonly header: { readonly level: number; readonly predecessor: BlockHash } & {
    readonly fitness: readonly string[];
    readonly protocol_data: string;
  };
  readonly hash: BlockHash;
};

type Validators = readonly {
  readonly delegates: readonly { readonly attestation_slot: number }[];
}[];

/**
 * A baker that votes on every block that a node validates, over HTTP alone, and asks for no prequorum; what is
 * returned ends it. A block that it cannot vote on, since the node cut a connection or is gone, is passed over.
 */
export async function voteOnEverything(url: string, secret: SecretKey): Promise<() => void> {
  const blocks = await listenTo(`${url}/monitor/validated_blocks`);
  const key = publicKeyOf(secret);
  let read = 0;
  let ended = false;
  const run = async (): Promise<void> => {
    for (;;) {
      const text = await blocks.until(all => ended || all.includes('\n', read));
      if (ended) return;
      const end = text.indexOf('\n', read);
      const item = JSON.parse(text.slice(read, end)) as Item;
      read = end + 1;
      await voteOn(url, item, secret, key).catch(() => undefined);
    }
  };
  void run();
  return () => {
    ended = true;
    blocks.stop();
  };
}

/** A node cuts some connections unannounced, and whoever reads from one asks once more (protocol.md 10). */
function readTwice(url: string): Promise<unknown> {
  return json(url).catch(() => json(url));
}

async function voteOn(url: string, item: Item, secret: SecretKey, key: PublicKey): Promise<void> {
  const { header } = item;
  const base = `${url}/chains/main/blocks`;
  const address = publicKeyHashOf(key);
  const target = `${base}/head/helpers/validators?level=${header.level}&delegate=${address}`;
  const [rights] = (await readTwice(target)) as Validators;
  const own = rights?.delegates[0]?.attestation_slot;
  if (own === undefined) return;
  const before = `${base}/${header.predecessor}/header/shell`;
  const { predecessor: branch } = (await readTwice(before)) as { readonly predecessor: BlockHash };
  const block = (await readTwice(`${base}/${item.hash}/header`).catch(() => undefined)) as
    { readonly payload_hash: PayloadHash } | undefined;
  if (block === undefined) return;
  for (const kind of ['preattestation', 'attestation'] as const) {
    const vote: Unsigned<Vote> = {
      branch,
      contents: [
        {
          kind,
          slot: slot(own),
          level: level(header.level),
          round: readFitness(header.fitness).round,
          block_payload_hash: block.payload_hash,
        },
      ],
    };
    const payload = voteSignBytes(item.chain_id, vote, voteModeOf(key));
    const bytes = attachSignature(encode(unsignedVote, vote), sign(secret, payload));
    await json(`${url}/injection/operation`, 'POST', JSON.stringify(toHex(bytes)));
  }
}
