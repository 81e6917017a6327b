import type { Result } from '@meridian/prelude';
import { readConfiguration, type z } from '@meridian/service/schema';
import { ENDORSER } from './endorser.ts';
import { SIGNER } from './signer.ts';

/** The table of each daemon that has a configuration. */
export const CONFIGURATIONS = { endorser: ENDORSER, signer: SIGNER } as const;

/** A daemon with a configuration. */
export type Configured = keyof typeof CONFIGURATIONS;

/**
 * Reads the text of a configuration file as the daemon itself does; what is wrong comes in lines that name the key.
 * @param env the environment that stands above the file; an empty one judges the file alone
 */
export function readFileOf<App extends Configured>(
  app: App,
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): Result<z.output<(typeof CONFIGURATIONS)[App]>, readonly string[]> {
  return readConfiguration<(typeof CONFIGURATIONS)[App]>({
    app,
    schema: CONFIGURATIONS[app],
    text,
    env,
  });
}

const PART_OF_ENDORSER = ENDORSER.partial();

/**
 * Reads some of an endorser's values as it would itself, for who needs not all of them: every key may be missing.
 */
export function readPartOfEndorser(
  values: Readonly<Record<string, unknown>>,
): Result<z.output<typeof PART_OF_ENDORSER>, readonly string[]> {
  // JSON is YAML.
  const text = JSON.stringify(values);
  return readConfiguration({ app: 'endorser', schema: PART_OF_ENDORSER, text, env: {} });
}
