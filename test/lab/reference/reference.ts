import { MISS_REASONS, PASS_FAULTS, UNDECIDED } from '@meridian/attribution';
import type { MissReasonRow } from '@meridian/attribution';
import { NODE_FAULTS, RESTARTS } from '@meridian/chain-view';
import { CONFIGURATIONS } from '@meridian/configuration';
import { METRICS as ENDORSER_METRICS } from '@meridian/endorser/metrics';
import { KEYSTORE_ERRORS } from '@meridian/keystore';
import { INJECTION_CLASSES, STREAM_FAULTS } from '@meridian/node-pool';
import { CHECKS } from '@meridian/operator/checks';
import { OUTCOMES, OWN_REASONS } from '@meridian/operator/outcomes';
import { configurationKeys, type MetricRow } from '@meridian/service';
import { ACTIONS } from '@meridian/signer/actions';
import { ADMIN_REFUSALS } from '@meridian/signer/admin-errors';
import { AUDIT_ERRORS } from '@meridian/signer/audit-errors';
import { METRICS as SIGNER_METRICS } from '@meridian/signer/metrics';
import { PROTOCOL_PROBLEMS, refusalProblem } from '@meridian/signer-protocol';
import { ABSTENTIONS, type AbstentionRow } from '@meridian/tenderbake';
import { REFUSALS, type RefusalCode } from '@meridian/watermark';
import { STORE_ERRORS } from '@meridian/watermark-store';

type Cells = readonly string[];

/** The pages of docs/reference.md: each list comes from the table that the code itself works by. */
export function reference(): string {
  return [
    '# Reference',
    'Written by `npm run docs` from the tables in the code; a test fails when the two differ.',
    ...configurations(),
    ...metrics(),
    ...refusals(),
    ...plain('Why a block is not voted on', 'reason', reasonsOf(ABSTENTIONS), [
      'The endorser logs `abstained` with one of these and the slots that do not vote, and counts the slots in `meridian_endorser_abstentions_total`. It is a warning where our own nodes or signers fell short.',
    ]),
    ...misses(),
    ...plain('Why a stream is opened anew', 'reason', RESTARTS, [
      'Logged as `stream_restarted` at `debug`, counted in `meridian_endorser_stream_restarts_total`.',
    ]),
    ...plain('Why a node is not believed', 'reason', NODE_FAULTS, [
      'Logged as `node_disbelieved`, counted in `meridian_endorser_node_faults_total`. One node that errs changes no vote.',
    ]),
    ...plain('Why a stream of a node ends', 'code', STREAM_FAULTS),
    ...plain('What becomes of a vote at a node', 'class', meaningsOf(INJECTION_CLASSES), [
      'No class but `known` took the vote. `vote_refused` is logged where no node took it: an error, but `info` where a node says `conflict` or the pool was `closed`, and a warning where one says `late`.',
    ]),
    ...plain('Errors of the watermark store', 'code', STORE_ERRORS),
    ...plain('Errors of keys', 'code', KEYSTORE_ERRORS),
    ...administration(),
    ...plain('Errors of the audit of a signer', 'code', AUDIT_ERRORS),
    ...doctor(),
    ...shadow(),
    '',
  ].join('\n\n');
}

function misses(): readonly string[] {
  const rows = Object.entries<MissReasonRow>(MISS_REASONS).map(([name, { fault, text }]) => [
    ...[code(name), fault, text],
  ]);
  return [
    '## Why a right was missed',
    'Decided once two blocks are built on the one that should have the vote. Where several hold, the first one counts.',
    table(['reason', 'fault', 'meaning'], rows),
  ];
}

function reasonsOf(
  rows: Readonly<Record<string, AbstentionRow>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(rows).map(([reason, { why }]) => [reason, why]));
}

function meaningsOf(
  rows: Readonly<Record<string, { readonly meaning: string }>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(rows).map(([name, { meaning }]) => [name, meaning]));
}

function shadow(): readonly string[] {
  return [
    ...plain('What `meridian shadow` finds of a right', 'outcome', meaningsOf(OUTCOMES), [
      'Why shadow would not have voted is a reason of those for which a block is not voted on, or one of its own, below.',
    ]),
    ...plain('Reasons of shadow alone', 'reason', OWN_REASONS),
    ...plain('Why a level has no verdict', 'reason', UNDECIDED),
    ...plain("Why a node's word of operations is not believed", 'code', PASS_FAULTS),
  ];
}

function configurations(): readonly string[] {
  return Object.entries(CONFIGURATIONS).flatMap(([app, schema]) => [
    `## Configuration of meridian-${app}`,
    table(
      ['key', 'variable', 'default', 'meaning'],
      configurationKeys(app, schema).map(({ path, variable, description, byDefault }) => [
        ...[code(path), code(variable), byDefault === undefined ? '' : code(byDefault)],
        description,
      ]),
    ),
  ]);
}

function metrics(): readonly string[] {
  const of = { endorser: ENDORSER_METRICS, signer: SIGNER_METRICS };
  const rows = Object.entries(of).flatMap(([app, metricsOf]) =>
    Object.entries<MetricRow>(metricsOf).map(([name, { type, labels = {}, help }]) => [
      ...[code(`meridian_${app}_${name}`), type, Object.keys(labels).map(code).join(', '), help],
    ]),
  );
  return [
    '## Metrics',
    'At `/metrics` of the operations port. Histograms have buckets from 1 ms to 10 s.',
    table(['metric', 'type', 'labels', 'meaning'], rows),
  ];
}

function refusals(): readonly string[] {
  const ofMark = Object.entries(REFUSALS).map(([name, { meaning, remedy, alerts, latches }]) => [
    ...[code(name), refusalProblem({ code: name as RefusalCode }).status.toString()],
    ...[alerts ? 'yes' : '', latches ? 'yes' : '', meaning, remedy],
  ]);
  const ofProtocol = Object.entries(PROTOCOL_PROBLEMS).map(([name, { status, meaning }]) => [
    ...[code(name), status.toString(), meaning],
  ]);
  return [
    '## Why the watermark refuses',
    'In answers as `meridian.<code>`. _Look_: somebody should look at once. _Latches_: every row of the key is stopped.',
    table(['code', 'status', 'look', 'latches', 'meaning', 'what to do'], ofMark),
    '## Why the signer refuses before the watermark is asked',
    table(['code', 'status', 'meaning'], ofProtocol),
  ];
}

function administration(): readonly string[] {
  const actions = ACTIONS.map(({ name, summary, details }) => [
    code(name),
    summary,
    details.join(' '),
  ]);
  const codes = Object.entries(ADMIN_REFUSALS).map(([name, { status, meaning }]) => [
    code(name),
    status.toString(),
    meaning,
  ]);
  return [
    '## Administration of the watermark',
    '`meridian-signer watermark <action>`, or `POST /watermark/<action>` on the socket that `admin` names.',
    table(['action', 'does', 'more'], actions),
    '## Why administration refuses',
    'In answers as `{code, message, field?}`, for a key alone as its `refused`.',
    table(['code', 'status', 'meaning'], codes),
  ];
}

function doctor(): readonly string[] {
  const rows = Object.entries(CHECKS).map(([name, { holds, remedy }]) => [
    code(name),
    holds,
    remedy,
  ]);
  return ['## Checks of meridian doctor', table(['check', 'holds when', 'otherwise'], rows)];
}

function plain(
  title: string,
  first: string,
  meanings: Readonly<Record<string, string>>,
  words: readonly string[] = [],
): readonly string[] {
  const rows = Object.entries(meanings).map(([name, meaning]) => [code(name), meaning]);
  return [`## ${title}`, ...words, table([first, 'meaning'], rows)];
}

function table(head: Cells, rows: readonly Cells[]): string {
  const line = (cells: Cells): string => `| ${cells.map(escaped).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}

/** A bar would begin another cell. */
function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}
