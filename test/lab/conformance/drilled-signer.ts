import { SIGNER } from '@meridian/configuration';
import { haltPoints, withPoints } from '@meridian/faults';
import { softwareKeystore, type Keystore } from '@meridian/keystore';
import { runDaemon } from '@meridian/service';
import { startSigner, type SignerParts } from '@meridian/signer/compose';
import { openGuard } from '@meridian/signer/guard';
import { StoreError, type WatermarkStore } from '@meridian/watermark-store';
import { DRILL, type Drill } from './drill.ts';

/*
 * The signer as it is, with parts around its vault and its store that fail as a drill asks for. It ends by SIGKILL at
 * the point that `MERIDIAN_HALT_AT` names: `store.advance.after`, `keystore.sign.after`.
 */

const drill = JSON.parse(process.env[DRILL] ?? '{}') as Drill;
const reached = haltPoints();

const PARTS: SignerParts = {
  openKeystore: ({ keys }) => withPoints('keystore', faltering(softwareKeystore(keys)), reached),
  openGuard: async (configuration, signal) => {
    const guard = await openGuard(configuration, signal);
    return { ...guard, store: withPoints('store', forgetful(guard.store), reached) };
  },
};

await runDaemon({
  app: 'signer',
  summary: 'Meridian signer with faults: for tests alone.',
  schema: SIGNER,
  start: (configuration, world) => startSigner(configuration, world, PARTS),
});

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
