import { runEndorserDaemon } from '@meridian/endorser/daemon';
import { openLog } from '@meridian/service';
import { signerClient } from '@meridian/signer-client';
import { dalClient } from './dal-client.ts';

/* The endorser, but that its attestations have DAL content. */

const log = openLog('endorser', 'info');
await runEndorserDaemon(signers => dalClient(signerClient(signers), () => log.info('dal_vote')));
