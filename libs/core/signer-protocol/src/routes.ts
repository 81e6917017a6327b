/** What a path asks for. */
export type RouteKind =
  'authorized_keys' | 'public_key' | 'sign' | 'prove_possession' | 'known_keys' | 'marks';

/** A row of the table of routes. */
export type Route = {
  readonly kind: RouteKind;
  readonly method: 'GET' | 'POST';
  /** The first part of the path. */
  readonly name: string;
  /** Whether an address follows. */
  readonly hasKey: boolean;
};

/**
 * Every path of the signer. All but `marks` are the Octez remote-signer protocol.
 * Source: src/lib_signer_services/signer_services.ml.
 */
export const ROUTES: readonly Route[] = [
  { kind: 'authorized_keys', method: 'GET', name: 'authorized_keys', hasKey: false },
  { kind: 'public_key', method: 'GET', name: 'keys', hasKey: true },
  { kind: 'sign', method: 'POST', name: 'keys', hasKey: true },
  { kind: 'prove_possession', method: 'GET', name: 'bls_prove_possession', hasKey: true },
  { kind: 'known_keys', method: 'GET', name: 'known_keys', hasKey: false },
  { kind: 'marks', method: 'GET', name: 'marks', hasKey: true },
];
