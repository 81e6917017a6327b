import { SIGNER } from '@meridian/configuration';
import { runDaemon } from '@meridian/service';
import { runAdministration } from './cli.ts';
import { startSigner } from './compose.ts';

const administration = runAdministration(process.argv.slice(2));
if (administration === undefined) {
  await runDaemon({
    app: 'signer',
    summary:
      'Meridian signer: signs blocks and votes that the watermark permits, and nothing else.\nmeridian-signer watermark --help says how it is administered.',
    schema: SIGNER,
    start: startSigner,
  });
} else process.exitCode = await administration;
