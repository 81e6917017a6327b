/** The kinds of addresses in the order of their tags on the wire. */
export const ADDRESSES = ['tz1', 'tz2', 'tz3', 'tz4'] as const;

/** The kinds of public keys in the order of their tags. */
export const PUBLIC_KEYS = ['edpk', 'sppk', 'p2pk', 'BLpk'] as const;

/** The kinds of signatures; on the wire only their length tells them apart. */
export const SIGNATURES = ['edsig', 'spsig1', 'p2sig', 'sig', 'BLsig'] as const;
