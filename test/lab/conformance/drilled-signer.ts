import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { SIGNER } from '@meridian/configuration';
import { HALT_AT, haltPoints, withPoints, type Reached } from '@meridian/faults';
import { softwareKeystore, type Keystore } from '@meridian/keystore';
import { runDaemon } from '@meridian/service';
import { startSigner, type Configuration, type SignerParts } from '@meridian/signer/compose';
import { openGuard, type OpenGuard } from '@meridian/signer/guard';
import { toHex } from '@meridian/tezos';
import type { Row } from '@meridian/watermark';
import { openSqliteStore, StoreError, waitForJournal } from '@meridian/watermark-store';
import type { Journal, WatermarkStore } from '@meridian/watermark-store';
import { DRILL, type Drill } from './drill.ts';

/*
 * The signer as it is, with parts around its vault, its store and its journal that fail as a drill asks for. It ends by
 * SIGKILL at the point that `MERIDIAN_HALT_AT` or the file of the drill names: `store.advance.after`,
 * `keystore.sign.after`, `journal.marked.note.before` of a row without a signature, `journal.sealed.note.before` of one
 * with it, `reply.after` once a signature is written to its asker.
 */

const drill = JSON.parse(process.env[DRILL] ?? '{}') as Drill;
const reached = pointsOf(drill);

subscribe('http.server.response.finish', message => {
  const { response } = message as { readonly response: ServerResponse };
  if (response.req.method === 'POST' && response.statusCode === 200) reached('reply.after');
});

const PARTS: SignerParts = {
  openKeystore: ({ keys }) =>
    withPoints('keystore', faltering(counted(softwareKeystore(keys))), reached),
  openGuard: async (configuration, signal) => {
    const guard = await openWithPoints(configuration, signal);
    return { ...guard, store: withPoints('store', forgetful(guard.store), reached) };
  },
};

await runDaemon({
  app: 'signer',
  summary: 'Meridian signer with faults: for tests alone.',
  schema: SIGNER,
  start: (configuration, world) => startSigner(configuration, world, PARTS),
});

function pointsOf({ haltFile: file }: Drill): Reached {
  if (file === undefined) return haltPoints();
  return point => {
    if (existsSync(file)) haltPoints({ [HALT_AT]: readFileSync(file, 'utf8') })(point);
  };
}

/** As the signer opens it; the journal of a SQLite store is a part inside of it. */
async function openWithPoints(
  configuration: Configuration,
  signal: AbortSignal,
): Promise<OpenGuard> {
  const { store: folder, journal: file } = configuration;
  if (folder === undefined) {
    const guard = await openGuard(configuration, signal);
    return { ...guard, journal: pointed(guard.journal) };
  }
  const store = openSqliteStore(folder, pointed(await waitForJournal(file, signal)));
  const { journal, findings, close } = store;
  return { store, journal, findings, isShared: false, close };
}

/** A journal that has points where it is told of a row, and none where it is told of nothing, as by a read. */
function pointed(journal: Journal): Journal {
  const at = (rows: readonly Row[]): Journal => {
    const isSealed = rows.some(({ signature }) => signature !== null);
    return withPoints(`journal.${isSealed ? 'sealed' : 'marked'}`, journal, reached);
  };
  return {
    ...journal,
    note: rows => (rows.length === 0 ? journal : at(rows)).note(rows),
    noteSoon: row => at([row]).noteSoon(row),
  };
}

/** A vault whose calls are counted over all processes. */
function counted(keystore: Keystore): Keystore {
  const { vaultCalls: file } = drill;
  if (file === undefined) return keystore;
  return {
    ...keystore,
    sign: (pkh, bytes) => {
      appendFileSync(file, `${pkh} ${toHex(bytes)}\n`);
      return keystore.sign(pkh, bytes);
    },
  };
}

/** A vault that fails so many times, and waits for the word to end if it has to. */
function faltering(keystore: Keystore): Keystore {
  let errors = drill.vaultErrors ?? 0;
  const toldToEnd = new Promise<void>(resolve => process.once('SIGTERM', () => resolve()));
  return {
    ...keystore,
    sign: async (pkh, bytes) => {
      if (errors > 0) {
        errors -= 1;
        throw new Error('the drill of a vault that fails');
      }
      if (drill.vaultWaitsForEndMs !== undefined) {
        await toldToEnd;
        await new Promise(resolve => setTimeout(resolve, drill.vaultWaitsForEndMs));
      }
      return keystore.sign(pkh, bytes);
    },
  };
}

/** A store that does what it is asked, and whose answer is lost so many times. */
function forgetful(store: WatermarkStore): WatermarkStore {
  let lost = drill.answersLost ?? 0;
  return {
    ...store,
    advance: async request => {
      const outcome = await store.advance(request);
      if (lost === 0 || !outcome.ok) return outcome;
      lost -= 1;
      throw new StoreError('unavailable', 'the drill of an answer that is lost');
    },
  };
}
