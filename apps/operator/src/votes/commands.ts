import { FAULTS, MISS_REASONS, type MissReasonRow } from '@meridian/attribution';
import type { Command } from '../command.ts';
import { votesCall } from './call.ts';

const REASON_ROWS = Object.entries<MissReasonRow>(MISS_REASONS);
const WIDTH = Math.max(...REASON_ROWS.map(([reason]) => reason.length));
const FAULT_WIDTH = Math.max(...Object.keys(FAULTS).map(fault => fault.length));

/** The command that says what became of votes. */
export const VOTES_COMMANDS: readonly Command[] = [
  {
    usage: 'votes <DELEGATE>',
    summary: "what became of a delegate's last votes, and whose fault each missed one is",
    options: [
      ['--levels <NUMBER>', 'how many levels back (default: 20)'],
      ['--endorser <URL>', 'the operations port of an endorser (default: http://127.0.0.1:9733)'],
    ],
    details: [
      'A vote is decided once two blocks are built on the one that should have it. An endorser remembers what',
      'it saw since it was started.',
      '',
      'Whose fault:',
      ...Object.entries(FAULTS).map(([fault, text]) => `  ${fault.padEnd(FAULT_WIDTH)}  ${text}`),
      '',
      'Reasons, of which the first that holds is told:',
      ...REASON_ROWS.map(
        ([reason, { fault, text }]) =>
          `  ${reason.padEnd(WIDTH)}  ${fault.padEnd(FAULT_WIDTH)}  ${text}`,
      ),
      '',
      'Exit status: 0 if the endorser answered, 1 if not, 2 misused.',
    ],
    examples: ['votes tz1…', 'votes tz1… --levels 100 --endorser http://10.0.0.1:9733 --json'],
    run: votesCall,
  },
];
