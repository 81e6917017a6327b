import { signerClient } from '@meridian/signer-client';
import { runEndorserDaemon } from './daemon.ts';

await runEndorserDaemon(signerClient);
