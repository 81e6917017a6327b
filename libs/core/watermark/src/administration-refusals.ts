/** Why an administrative change was refused; the key is the code. */
export const ADMINISTRATION_REFUSALS = {
  already_provisioned: 'there is a row already, and provisioning over it would forget its mark',
  bad_floor: 'a floor is a level and a round that a chain can have',
  bad_holder:
    'a holder has names for site and incarnation, and whole numbers that are not negative',
  bad_lease_end: 'the end of a lease is a whole number, a level or the one after the last',
  burnt_epoch: 'the epoch was burnt here: the word was given that it will never be used',
  floor_too_low: 'the floor of a release is above all that can have been signed: lease and horizon',
  not_burnt: 'the word of a target burns the very epoch that was handed out',
  not_provisioned: 'there is no such row yet; it has to be provisioned first',
  not_the_holder: 'only the site that holds the row under its current epoch may do this',
  other_incarnation: 'the right was given to another incarnation of the row than stands here now',
  other_site: 'the word of a target gives the row back to the site that froze it, to no other',
  same_incarnation: 'a released row gets an incarnation that it never had',
  stale_epoch: 'the epoch is not a whole number above the one that the row has or has handed out',
  would_lower_mark: 'a mark is never lowered, and a floor at the mark would forget what was signed',
  untrusted_row:
    'the row is not what this signer knew of it: latching it, releasing it and learning it anew is left',
  wrong_history: 'what the row went through (in use, imported, released) rules this out',
  wrong_mode: 'the row is not in a mode from which this change is allowed',
} as const;

/** The code of a refused administrative change. */
export type AdministrationRefusal = keyof typeof ADMINISTRATION_REFUSALS;
