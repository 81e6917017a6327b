import type { z } from '@meridian/service/schema';
import type { PublicKeyHash } from '@meridian/tezos';
import { NO_MAX_LEVEL, type Row } from '@meridian/watermark';
import type { KeyOfRows } from '@meridian/watermark/administration';
import type { Desk } from './desk.ts';
import { AdminError, type AdminCode } from './errors.ts';

/** A row of the table of actions, from which routes, commands, help and docs come. */
export type Action<Schema extends z.ZodObject = z.ZodObject> = {
  readonly name: string;
  /** One line: what it does. */
  readonly summary: string;
  /** More for help: when it is refused, and what it leaves. */
  readonly details: readonly string[];
  /** What it is given. */
  readonly args: Schema;
  /** Whether it is written into the audit. */
  readonly isAudited: boolean;
  /** Is done even where it cannot be written down. */
  readonly isUrgent?: boolean;
  readonly run: (desk: Desk, args: z.output<Schema>) => Promise<Outcome>;
};

/** An action in the table, whose schema is its own business. */
export function action<Schema extends z.ZodObject>(row: Action<Schema>): Action {
  return row;
}

/** What became of one key. */
export type KeyOutcome = {
  readonly public_key_hash: PublicKeyHash;
  readonly rows?: readonly RowJson[];
  /** What two operators said of this key. */
  readonly stated?: object | undefined;
  /** Why nothing was done for this key. */
  readonly refused?: {
    readonly code: AdminCode;
    readonly message: string;
    /** The part of the request that is to blame. */
    readonly field?: string;
  };
} & Readonly<Record<string, unknown>>;

/** What an action did. */
export type Outcome = { readonly keys: readonly KeyOutcome[] } & Readonly<Record<string, unknown>>;

/** A row as it is shown: what decides, without payloads and signatures. */
export type RowJson = ReturnType<typeof rowJson>;

export function rowJson(row: Row) {
  const { kind, mode, site, epoch, level, round, digest, incarnation, generation, seq } = row;
  return {
    ...{ kind, mode, site, epoch, level, round, digest },
    max_level: row.maxLevel === NO_MAX_LEVEL ? null : row.maxLevel,
    history: row.history,
    ...{ incarnation, generation, seq },
  };
}

/** Does something for each key; a key that is refused does not keep the others from it. */
export async function forEachKey<Subject extends KeyOfRows>(
  subjects: readonly Subject[],
  act: (subject: Subject) => Promise<readonly Row[]>,
): Promise<Outcome> {
  const keys: KeyOutcome[] = [];
  for (const subject of subjects) {
    try {
      keys.push({ public_key_hash: subject.pkh, rows: (await act(subject)).map(rowJson) });
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      const { code, message, field } = error;
      const refused = { code, message, ...(field === undefined ? {} : { field }) };
      keys.push({ public_key_hash: subject.pkh, refused });
    }
  }
  return { keys };
}
