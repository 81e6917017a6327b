import type { Call, Command, Outcome } from '../command.ts';
import { agreeOn, type Agreed } from './agreed.ts';
import { follow } from './follow.ts';
import { helpOnOutcomes } from './outcomes.ts';
import { isAsGood, linesOf, summaryOf } from './report.ts';
import { shadowWishOf, type ShadowWish } from './wish.ts';

/** The command that votes without a key, beside a baker that votes with one. */
export const SHADOW_COMMANDS: readonly Command[] = [
  {
    usage: 'shadow',
    summary: 'cast the votes of a baker without any key, and compare them with those of the chain',
    options: [
      ['--node <name=url...>', 'a node; may be repeated'],
      ['--delegate <ADDRESS...>', 'a delegate that another baker votes for; may be repeated'],
      ['--key <ADDRESS...>', 'their consensus keys; without it the nodes are asked for them'],
      ['--quorum <NUMBER>', 'how many nodes have to agree (default: more than half of them)'],
      ['--levels <NUMBER>', 'stop after so many levels; without it Ctrl-C ends it'],
    ],
    details: [
      'It has no key, signs nothing and sends nothing but GET requests. A right is compared once two blocks',
      'are built on the block that has its votes.',
      '',
      ...helpOnOutcomes(),
      '',
      'Exit status: 0 if shadow would have cast every vote that the chain has, 1 if not or if nothing could',
      'be compared, 2 misused.',
    ],
    examples: [
      'shadow --node http://localhost:8732 --delegate tz1…',
      'shadow --node us=http://10.0.0.1:8732 --node ie=http://10.1.0.1:8732 --delegate tz1… --levels 100 --json',
    ],
    run: shadowCall,
  },
];

async function shadowCall(call: Call): Promise<Outcome> {
  const { terminal, options } = call;
  const wish = shadowWishOf(call);
  const { quorum, delegates, levels } = wish;
  // The last line of output is the object.
  const say = options['json'] === true ? terminal.note : terminal.print;
  const stopped = Promise.withResolvers<undefined>();
  const letGo = terminal.onStop(() => stopped.resolve(undefined));
  try {
    const agreed = await agreeOn(wish);
    for (const text of beginning(wish, agreed)) say(text);
    const { troubles, tally } = await follow(wish, agreed, stopped.promise, say);
    const summary = summaryOf(tally);
    return {
      status: isAsGood(summary) ? 0 : 1,
      lines: linesOf(summary),
      json: {
        chainId: agreed.chainId,
        delegates,
        quorum,
        wanted: levels ?? null,
        ...summary,
        troubles,
      },
    };
  } finally {
    letGo();
  }
}

function beginning({ nodes, quorum, delegates }: ShadowWish, agreed: Agreed): readonly string[] {
  const { chainId, keys } = agreed;
  const others = [...keys].filter(key => !delegates.includes(key));
  return [
    `following ${chainId} through ${nodes.length.toString()} nodes, of which ${quorum.toString()} have to agree; nothing is signed or sent`,
    `delegates: ${delegates.join(', ')}`,
    ...(others.length === 0 ? [] : [`consensus keys: ${others.join(', ')}`]),
    'the first levels are not compared; a level is once two blocks are built on the one that has its votes',
  ];
}
