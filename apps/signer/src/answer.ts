import type { Keystore } from '@meridian/keystore';
import { err, ok, type Result } from '@meridian/prelude';
import { authenticatedBy, authorizedKeys, protocolProblem } from '@meridian/signer-protocol';
import type { Answer, Problem, SignerRequest } from '@meridian/signer-protocol';
import type { PublicKey, PublicKeyHash } from '@meridian/tezos';
import { publicKeyHashOf } from '@meridian/tezos/crypto';
import type { Signing } from './sign.ts';

/** What requests are answered from, whatever brought them. */
export type AnswerParts = {
  readonly keystore: Keystore;
  readonly sign: Signing;
  readonly marks: (pkh: PublicKeyHash) => Promise<Result<Answer, Problem>>;
  /** Who may ask for signatures; when empty, nobody has to authenticate. */
  readonly authorizedKeys: readonly PublicKey[];
  /** Questions that Octez refuses by default, too. */
  readonly allow: { readonly knownKeys: boolean; readonly provePossession: boolean };
  /** Told of what went wrong without anybody's fault but ours; the asker hears `internal_error`. */
  readonly mistake?: (error: unknown) => void;
};

type Asked<Kind extends SignerRequest['kind']> = Extract<SignerRequest, { readonly kind: Kind }>;
type Outcome = Result<Answer, Problem> | Promise<Result<Answer, Problem>>;

/** How each kind of request is answered. */
const ANSWERS: {
  readonly [Kind in SignerRequest['kind']]: (parts: AnswerParts, request: Asked<Kind>) => Outcome;
} = {
  authorized_keys: ({ authorizedKeys: keys }) =>
    ok(authorizedKeys(keys.length === 0 ? null : keys.map(publicKeyHashOf))),
  known_keys: ({ keystore, allow }) =>
    allow.knownKeys
      ? ok({ known_keys: keystore.keys().map(({ pkh }) => pkh) })
      : err(protocolProblem('not_allowed', 'its keys are not listed')),
  public_key: ({ keystore }, { pkh }) => {
    const key = keystore.keys().find(each => each.pkh === pkh);
    return key ? ok({ public_key: key.publicKey }) : err(protocolProblem('unknown_key', pkh));
  },
  marks: ({ marks }, { pkh }) => marks(pkh),
  // Octez would make them of the key; a client that hears no draws its nonces.
  supports_deterministic_nonces: () => ok({ supports_deterministic_nonces: false }),
  prove_possession: provePossession,
  sign: (parts, request) => {
    const refused = unauthenticated(parts, request);
    return refused ? err(refused) : parts.sign(request.pkh, request.bytes);
  },
};

/** Answers a request. Never rejects: a mistake of our own is a problem, whose insides nobody hears. */
export async function answer<Kind extends SignerRequest['kind']>(
  parts: AnswerParts,
  request: Asked<Kind>,
): Promise<Result<Answer, Problem>> {
  const kind: Kind = request.kind;
  try {
    return await ANSWERS[kind](parts, request);
  } catch (error) {
    parts.mistake?.(error);
    return err(protocolProblem('internal_error'));
  }
}

/** Why a request to sign is not let in, before key, chain or store are asked; undefined when it is. */
function unauthenticated(
  { authorizedKeys: keys }: AnswerParts,
  { pkh, bytes, authentication }: Asked<'sign'>,
): Problem | undefined {
  if (keys.length === 0) return undefined;
  if (authentication === undefined) return protocolProblem('authentication_required');
  const client = authenticatedBy(keys, authentication, pkh, bytes);
  return client === undefined ? protocolProblem('authentication_invalid') : undefined;
}

async function provePossession(
  { keystore, allow }: AnswerParts,
  { pkh, blsKey }: Asked<'prove_possession'>,
): Promise<Result<Answer, Problem>> {
  if (!allow.provePossession)
    return err(protocolProblem('not_allowed', 'a proof of possession is not made'));
  if (!keystore.keys().some(key => key.pkh === pkh))
    return err(protocolProblem('unknown_key', pkh));
  try {
    return ok({ bls_prove_possession: await keystore.provePossession(pkh, blsKey) });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(protocolProblem('vault_unavailable', why));
  }
}
