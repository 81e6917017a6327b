import type { Call, Command, Outcome } from '../command.ts';
import { afterwards } from './afterwards.ts';
import { draftsOf } from './plan.ts';
import { planByAsking } from './questions.ts';
import { planByFlags, wishOf } from './wish.ts';
import { writeAll } from './write.ts';

/** The command that writes the configuration files of a region. */
export const INIT_COMMANDS: readonly Command[] = [
  {
    usage: 'init',
    summary: 'write endorser.yaml and signer.yaml for one region; asks for what no flag says',
    options: [
      ['--site <NAME>', 'what this region is called (default: home)'],
      ['--node <name=url...>', 'an edge node: a name and the address of its RPC; may be repeated'],
      ['--chain-id <ID>', 'the chain to vote on (default: what the nodes say)'],
      ['--key <ADDRESS...>', 'address of a consensus key; may be repeated'],
      ['--secret-file <FILE...>', 'file of its secret key, one for each --key in the same order'],
      ['--password-file <FILE>', 'file of the password, if the secret keys are encrypted'],
      [
        '--signer <URL...>',
        'address of a signer (default: http://127.0.0.1:6732); may be repeated',
      ],
      [
        '--store <DIR>',
        "the watermark's folder, on a disk of the signer's machine (default: watermark beside the files)",
      ],
      [
        '--journal <FILE>',
        'what the signers know of the watermark, on another volume (default: journal.sqlite beside the files)',
      ],
      ['--out <DIR>', 'folder for the files (default: this one)'],
      ['--force', 'replace files that are there already'],
      ['--yes', 'ask nothing: take the defaults for what no flag says'],
    ],
    examples: [
      'init',
      'init --node us=http://10.0.0.1:8732 --node ie=http://10.1.0.1:8732 --key tz1… --secret-file baker.secret',
    ],
    run: initCall,
  },
];

async function initCall(call: Call): Promise<Outcome> {
  const { options, terminal } = call;
  const wish = wishOf(call);
  // Programs are asked nothing.
  const isQuiet = options['yes'] === true || options['json'] === true;
  const plan =
    isQuiet || terminal.converse === undefined
      ? await planByFlags(wish)
      : await terminal.converse(ask => planByAsking(wish, { ask, note: terminal.note }));
  const drafts = draftsOf(plan);
  await writeAll(drafts, options['force'] === true);
  return afterwards(plan, drafts);
}
