import { SIGNER } from '@meridian/configuration';
import { runDaemon } from '@meridian/service';
import { startSigner } from './compose.ts';

await runDaemon({
  app: 'signer',
  summary: 'Meridian signer: signs blocks and votes that the watermark permits, and nothing else.',
  schema: SIGNER,
  start: startSigner,
});
