import { instant, type Instant } from '@meridian/prelude';

/** What is due when, in virtual time; things due at the same time happen in the order in which they were noted. */
export type Agenda = {
  readonly note: (at: Instant, act: (at: Instant) => void) => void;
  readonly next: () => Instant;
  readonly runUntil: (at: Instant) => void;
};

export function newAgenda(): Agenda {
  const entries: { readonly at: Instant; readonly act: (at: Instant) => void }[] = [];
  const never = instant(Number.MAX_SAFE_INTEGER);
  return {
    note: (at, act) => {
      let place = entries.length;
      while (place > 0 && (entries[place - 1]?.at ?? 0) > at) place -= 1;
      entries.splice(place, 0, { at, act });
    },
    next: () => entries[0]?.at ?? never,
    runUntil: at => {
      for (let first = entries[0]; first !== undefined && first.at <= at; first = entries[0]) {
        entries.shift();
        first.act(first.at);
      }
    },
  };
}
