import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeWithPostgres } from '@meridian/faults/postgres';
import { vectors } from '../../vectors/load.ts';
import { parseCaseFile, type CaseFile } from '../conformance/case-file.ts';
import type { Drill } from '../conformance/drill.ts';
import { exchange, keptConnections, type Reply } from '../conformance/exchange.ts';
import { furnish } from '../conformance/house.ts';
import { Released } from '../conformance/released.ts';
import { openPostgres } from '../conformance/sql-store.ts';
import { SQLITE_STORE } from '../conformance/sqlite-store.ts';
import { DRILLED } from '../conformance/signer-process.ts';
import { setStage, type OwnHouse } from '../conformance/stage.ts';
import type { StoreKind } from '../conformance/stores.ts';
import { conflictingWith } from '../conformance/subject.ts';
import { deaths, type Curve, type Death, type Kind, type StoreName } from './points.ts';

/*
 * A signer dies at every point of the way of a signature, by its own SIGKILL, and is started again: what it says then
 * is the same signature or none, whatever it was that had left.
 */

const read = parseCaseFile(vectors('signer_cases'));
if (!read.ok) throw new Error(read.error);
const file: CaseFile = read.value;

/** Where this is set, each point meets each key and kind, which takes three times as long. */
const IS_WHOLE = (process.env['MERIDIAN_CRASH_ALL'] ?? '') !== '';
const PATIENCE_MS = 900_000;
const FLOOR_LEVEL = 1_000;

/** Processes that are killed keep nothing of what they compiled, and this takes half of their start. */
const compiled = mkdtempSync(join(tmpdir(), 'meridian-compiled-'));
beforeAll(() => {
  process.env['NODE_COMPILE_CACHE'] = compiled;
  execFileSync(process.execPath, [DRILLED, '--help']);
}, PATIENCE_MS);
afterAll(() => {
  delete process.env['NODE_COMPILE_CACHE'];
  rmSync(compiled, { recursive: true });
});

/** A drill whose process dies when it is told to, and whose vault is counted. */
type Deadly = Drill & { readonly haltFile: string; readonly vaultCalls: string };

/** The signer of all deaths, one after the other, and all that its processes did. */
class Mortal {
  readonly released = new Released();
  readonly #stage: OwnHouse;
  readonly #agent: Agent = keptConnections(1);
  readonly #drill: Deadly;

  private constructor(stage: OwnHouse, drill: Deadly) {
    this.#stage = stage;
    this.#drill = drill;
  }

  static async on(store: StoreKind): Promise<Mortal> {
    const house = furnish(file, {
      floor: { level: FLOOR_LEVEL, round: 0 },
      ...{ require_authentication: false, allow_list_known_keys: false },
      allow_to_prove_possession: false,
    });
    const [haltFile, vaultCalls] = [join(house.folder, 'halt'), join(house.folder, 'calls')];
    const drill = { haltFile, vaultCalls };
    return new Mortal(await setStage({ house, store, replicas: 1, drill }), drill);
  }

  async ask(pkh: string, bytes: Buffer): Promise<Reply> {
    const [url = ''] = this.#stage.urls();
    const reply = await exchange(
      { url, agent: this.#agent },
      {
        ...{ method: 'POST', path: `/keys/${pkh}` },
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(JSON.stringify(bytes.toString('hex'))),
      },
    );
    if (reply.status !== 200) return reply;
    const { signature } = JSON.parse(reply.body) as { signature: string };
    this.released.add({ pkh, bytes, signature });
    return reply;
  }

  /** Asks, and does not come back before the process that was asked is dead and another one in its place. */
  async askToDeath(at: string, pkh: string, bytes: Buffer): Promise<Reply> {
    const { haltFile } = this.#drill;
    writeFileSync(haltFile, at);
    const [signer] = this.#stage.own.signers();
    const reply = await this.ask(pkh, bytes);
    const end = await Promise.race([
      signer?.process.ended,
      new Promise(resolve => setTimeout(resolve, DEATH_MAX_MS, 'alive').unref()),
    ]);
    rmSync(haltFile);
    expect({ at, end }).toEqual({ at, end: { status: null, signal: 'SIGKILL' } });
    await this.#stage.own.restart(0, this.#drill);
    return reply;
  }

  /** How often the vault was asked for these bytes, by all processes. */
  vaultCalls(pkh: string, bytes: Buffer): number {
    const { vaultCalls } = this.#drill;
    if (!existsSync(vaultCalls)) return 0;
    const line = `${pkh} ${bytes.toString('hex')}`;
    return readFileSync(vaultCalls, 'utf8')
      .split('\n')
      .filter(each => each === line).length;
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    await this.#stage.close();
  }
}

const DEATH_MAX_MS = 10_000;

const TEMPLATES: Readonly<Record<Kind, string>> = {
  block: 'block_l100_r0',
  preattestation: 'preatt_l100_r0',
  attestation: 'att_l100_r0',
};
/** Of the same message in the layout of a tz4 key. */
const BLS_TEMPLATES: Readonly<Partial<Record<Kind, string>>> = {
  preattestation: 'preatt_tz4',
  attestation: 'att_tz4',
};
/** Where a level stands: in a block twice, before and in its fitness (signer.md A.9). */
const LEVELS_AT = { block: [5, 96], plain: [40], bls: [38] };

/** A message of the file, moved to a level. */
function bytesAt(level: number, kind: Kind, curve: Curve): Buffer {
  const name = (curve === 'tz4' ? BLS_TEMPLATES[kind] : undefined) ?? TEMPLATES[kind];
  const bytes = Buffer.from(file.messages[name]?.hex ?? '', 'hex');
  const layout = kind === 'block' ? 'block' : curve === 'tz4' ? 'bls' : 'plain';
  for (const at of LEVELS_AT[layout]) bytes.writeInt32BE(level, at);
  return bytes;
}

const codeOf = ({ status, body }: Reply): unknown =>
  status === 200 ? 200 : (JSON.parse(body) as readonly { id: string }[])[1]?.id;

const CONFLICT = { block: 'conflicting_block', vote: 'conflicting_vote' };

/**
 * Dies once, and asks for other bytes at the same place and then for the same ones, twice. A last question that is
 * refused waits in the store behind what the ones before still have to write there, so that nothing is under way.
 */
async function die(signer: Mortal, { point, kind, curve }: Death, level: number): Promise<object> {
  const pkh = file.keys[`baker_${curve}`]?.public_key_hash ?? '';
  const bytes = bytesAt(level, kind, curve);
  const other = conflictingWith(bytes);
  const first = await signer.askToDeath(point.at, pkh, bytes);
  const replies = [];
  for (const asked of [other, bytes, bytes]) replies.push(await signer.ask(pkh, asked));
  const last = await signer.ask(pkh, bytesAt(FLOOR_LEVEL - 1, kind, curve));
  const [others, again, thrice] = replies.map(reply => codeOf(reply));
  return {
    answered: first.status === 200 ? 'yes' : 'no',
    ...{ others, again, thrice, last: codeOf(last) },
    vault: signer.vaultCalls(pkh, bytes),
    vaultForOthers: signer.vaultCalls(pkh, other),
  };
}

/** What has to come of a death. */
function expected({ point, kind }: Death): object {
  const sort = kind === 'block' ? 'block' : 'vote';
  const conflict = `meridian.${CONFLICT[sort]}`;
  const answered = point.answered[sort];
  const told = {
    answered: answered === 'maybe' ? (expect.any(String) as string) : answered,
    last: 'meridian.below_mark',
  };
  // Nothing was durable, so others may be signed, and then the first ones never are.
  if (!point.marked)
    return {
      ...{ ...told, others: 200, again: conflict, thrice: conflict },
      ...{ vault: 0, vaultForOthers: 1 },
    };
  const isSpent = kind === 'block' && !point.sealed;
  const again = isSpent ? 'meridian.block_spent' : 200;
  const before = point.vault ? 1 : 0;
  // The signature of a vote that is stored is handed out again, and one that is not is made again; it leaves before.
  const isKept = kind === 'block' || point.sealed;
  const isOpen = kind !== 'block' && answered === 'yes';
  const vault = isOpen ? (expect.any(Number) as number) : isKept ? before : before + 1;
  return { ...told, others: conflict, again, thrice: again, vault, vaultForOthers: 0 };
}

async function dieEverywhere(name: StoreName, store: StoreKind): Promise<void> {
  const signer = await Mortal.on(store);
  try {
    for (const [at, death] of deaths(name, IS_WHOLE).entries()) {
      const { point, kind, curve } = death;
      const where = { at: point.at, kind, curve };
      const outcome = await die(signer, death, FLOOR_LEVEL + 1 + at);
      expect({ ...where, ...outcome }).toEqual({ ...where, ...expected(death) });
    }
    expect(signer.released.problems(Object.values(file.keys))).toEqual([]);
    expect(signer.released.count).toBeGreaterThan(0);
  } finally {
    await signer.close();
  }
}

describe.concurrent(
  'a signer that dies at any point of a signature says the same afterwards, or nothing',
  () => {
    test('over SQLite', () => dieEverywhere('sqlite', SQLITE_STORE), PATIENCE_MS);

    describeWithPostgres('over PostgreSQL', () => {
      test(
        'and its journal',
        async () => {
          const postgres = await openPostgres();
          try {
            await dieEverywhere('postgres', postgres);
          } finally {
            await postgres.close();
          }
        },
        PATIENCE_MS,
      );
    });
  },
);
