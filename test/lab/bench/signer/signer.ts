import { softwareKeystore, type Keystore } from '@meridian/keystore';
import { fromHex, toBase58, type ChainId } from '@meridian/tezos';
import { signRequest, type Row } from '@meridian/watermark';
import { openJournal, openSqliteStore, type WatermarkStore } from '@meridian/watermark-store';
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { startApp } from '../../child.ts';
import {
  keysOf,
  newWorkshop,
  provisionFirstUse,
  SITE,
  type Workshop,
} from '../../start/workshop.ts';
import { quantile, rounded, type Figure } from '../measure.ts';
import { Levels, ratePerSecond, timesAtPace } from './load.ts';
import { RawClient, signRequestText } from './raw-client.ts';

/** Who asks at once, each under a key of its own: so many bakers vote on the same block. */
const KEYS = 32;
/** Odd, so that the median is a measurement. */
const BATCHES = 5;
const BATCH_MS = 700;
const PACE_MS = 4_000;
/** Design.md §5. */
const RATE_MIN = 2_000;
const P99_MAX_MS = 3;

type Call = () => Promise<unknown>;

/** What is measured in turns, so that a slow moment of the machine hits all of it. */
type Callers = Readonly<
  Record<'signed' | 'inProcess' | 'retried' | 'bare' | 'stated' | 'synced', readonly Call[]>
>;

/**
 * One signer with its durable store in a process of its own, and 32 clients in this one, on the same two cores: how
 * many votes it signs, beside what store and key do without it.
 */
export async function signerFigures(): Promise<readonly Figure[]> {
  const chainId = toBase58('chainId', Uint8Array.of(1, 2, 3, 4));
  const workshop = newWorkshop(KEYS);
  await provisionFirstUse(workshop, chainId);
  const config = workshop.configure('signer', {
    ...{ site: SITE, chains: [chainId], listen: { port: 0 }, operations: { port: 0 } },
    ...{ store: workshop.store, journal: workshop.journal, keys: keysOf(workshop) },
  });
  const signer = startApp('signer', ['--config', config], 'signer', () => undefined);
  const beside = await besideStore(workshop, chainId);
  try {
    const { port } = await signer.ready;
    const clients = await Promise.all(workshop.keys.map(() => RawClient.open(Number(port))));
    const callers = callersOf(workshop, chainId, clients, beside);
    for (const each of Object.values(callers)) await ratePerSecond(each, BATCH_MS / 2);
    const rates = await ratesOf(callers);
    const times = await timesAtPace(callers.signed, RATE_MIN / 2, PACE_MS);
    for (const client of clients) client.close();
    return figuresOf(rates, times);
  } finally {
    signer.kill('SIGTERM');
    await signer.ended;
    await beside.store.close();
    beside.disk.close();
    workshop.remove();
  }
}

type Beside = {
  readonly store: WatermarkStore;
  readonly keystore: Keystore;
  readonly rows: readonly Row[];
  readonly disk: { readonly sync: () => void; readonly close: () => void };
};

/** The same store and keys in this process, and the disk that both lie on. */
async function besideStore(workshop: Workshop, chainId: ChainId): Promise<Beside> {
  const place = {
    keys: workshop.keys,
    store: join(workshop.folder, 'beside'),
    journal: join(workshop.folder, 'beside-journal.sqlite'),
  };
  await provisionFirstUse(place, chainId);
  const store = openSqliteStore(place.store, openJournal(place.journal));
  const file = openSync(join(workshop.folder, 'disk'), 'w');
  const page = Buffer.alloc(4_096, 1);
  return {
    store,
    keystore: softwareKeystore(keysOf(workshop)),
    rows: (await store.rows()).filter(({ kind }) => kind === 'attestation'),
    disk: {
      sync: () => {
        writeSync(file, page);
        fdatasyncSync(file);
      },
      close: () => closeSync(file),
    },
  };
}

function callersOf(
  { keys }: Workshop,
  chainId: ChainId,
  clients: readonly RawClient[],
  { store, keystore, rows, disk }: Beside,
): Callers {
  const bytes = new Levels(chainId);
  const nobody = toBase58('tz1', new Uint8Array(20));
  const asking = keys.map(({ pkh }, at) => {
    const client = clients[at];
    const row = rows.find(each => each.pkh === pkh);
    if (client === undefined || row === undefined)
      throw new Error('each key has a client and a row');
    let [level, inner] = [0, 0];
    const ask = async (of: string, hex: string, expected: number): Promise<void> => {
      const { status, body } = await client.ask(signRequestText(of, hex));
      if (status !== expected) throw new Error(`${status.toString()} ${body}`);
    };
    const advance = async (): Promise<Uint8Array> => {
      const vote = fromHex(bytes.hex((inner += 1)));
      const permitted = await store.advance(signRequest(pkh, vote, row));
      if (!permitted.ok) throw new Error(permitted.error.code);
      return vote;
    };
    return {
      signed: () => ask(pkh, bytes.hex((level += 1)), 200),
      retried: () => ask(pkh, bytes.hex(level), 200),
      bare: () => ask(nobody, bytes.hex(1), 404),
      stated: advance,
      inProcess: async () => {
        const vote = await advance();
        const signature = await keystore.sign(pkh, vote);
        await store.seal(signRequest(pkh, vote, row), signature);
      },
    };
  });
  const of = (name: keyof (typeof asking)[number]) => asking.map(each => each[name]);
  return {
    ...{ signed: of('signed'), inProcess: of('inProcess'), retried: of('retried') },
    ...{ bare: of('bare'), stated: of('stated') },
    synced: [
      async () => {
        disk.sync();
        await Promise.resolve();
      },
    ],
  };
}

type Rates = Readonly<
  Record<keyof Callers, { readonly value: number; readonly all: readonly number[] }>
>;

async function ratesOf(callers: Callers): Promise<Rates> {
  const names = Object.keys(callers) as (keyof Callers)[];
  const all = Object.fromEntries(names.map(name => [name, [] as number[]])) as Record<
    keyof Callers,
    number[]
  >;
  for (let batch = 0; batch < BATCHES; batch += 1) {
    for (const name of names) all[name].push(await ratePerSecond(callers[name], BATCH_MS));
  }
  const rates = names.map(
    name => [name, { value: quantile(all[name], 0.5), all: all[name] }] as const,
  );
  return Object.fromEntries(rates) as unknown as Rates;
}

function figuresOf(rates: Rates, times: readonly number[]): readonly Figure[] {
  const pair = (
    what: string,
    one: keyof Callers,
    beside: string,
    other: keyof Callers,
  ): Figure => ({
    ...{ bench: 'signer', what, value: rounded(rates[one].value), unit: '/s', beside },
    besideValue: rounded(rates[other].value),
    ratio: rounded(
      quantile(
        rates[one].all.map((rate, at) => rate / (rates[other].all[at] ?? Number.NaN)),
        0.5,
      ),
    ),
  });
  const limit = (what: string, value: number, unit: Figure['unit'], of: number): Figure => ({
    ...{ bench: 'signer', what, value: rounded(value), unit, beside: 'its limit' },
    ...{ besideValue: of, ratio: rounded(value / of) },
  });
  return [
    pair('votes signed over HTTP', 'signed', 'statement and signature in one process', 'inProcess'),
    pair('retries over HTTP', 'retried', 'the bare route', 'bare'),
    pair('statements, 32 at once', 'stated', 'writes that reach the disk, one at a time', 'synced'),
    limit('votes signed over HTTP, of the least', rates.signed.value, '/s', RATE_MIN),
    limit('a vote at half of the least, p50', quantile(times, 0.5), 'ms', P99_MAX_MS),
    limit('a vote at half of the least, p99', quantile(times, 0.99), 'ms', P99_MAX_MS),
  ];
}
