import { TezosError } from '../errors.ts';

const SECONDS_A_DAY = 86_400n;
/** 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z: outside, a node prints the number of seconds. */
const FIRST = -62_167_219_200n;
const LAST = 253_402_300_799n;

/** Seconds since the epoch as a node prints them. Source: src/lib_base/time.ml. */
export function timestampOfSeconds(seconds: bigint): string {
  if (seconds < FIRST || seconds > LAST) return seconds.toString();
  const days = floorDivide(seconds, SECONDS_A_DAY);
  const clock = Number(seconds - days * SECONDS_A_DAY);
  const { year, month, day } = dateOfDays(Number(days));
  const date = [pad(year, 4), pad(month, 2), pad(day, 2)].join('-');
  const hours = Math.floor(clock / 3_600);
  const minutes = Math.floor(clock / 60) % 60;
  return `${date}T${[hours, minutes, clock % 60].map(part => pad(part, 2)).join(':')}Z`;
}

/**
 * The seconds of a timestamp as a node prints it.
 * @throws TezosError `bad_text`
 */
export function secondsOfTimestamp(text: string): bigint {
  const seconds = /^-?[0-9]{1,19}$/.test(text) ? BigInt(text) : secondsOfRfc3339(text);
  if (seconds === undefined || timestampOfSeconds(seconds) !== text) {
    throw new TezosError('bad_text', `${JSON.stringify(text.slice(0, 40))} is no timestamp`);
  }
  if (BigInt.asIntN(64, seconds) !== seconds) {
    throw new TezosError('out_of_range', 'a timestamp beyond 64 bits');
  }
  return seconds;
}

function secondsOfRfc3339(text: string): bigint | undefined {
  const parts = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z$/.exec(text)?.slice(1).map(Number);
  const [year, month, day, hours, minutes, seconds] = parts ?? [];
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const clock = (hours ?? 0) * 3_600 + (minutes ?? 0) * 60 + (seconds ?? 0);
  return BigInt(daysOfDate(year, month, day)) * SECONDS_A_DAY + BigInt(clock);
}

/** Days since 1970-01-01 of a Gregorian date. Years begin in March, so that leap days come last. */
function daysOfDate(year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function dateOfDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const leaps =
    Math.floor(dayOfEra / 1_460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const firstDay = 365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  const dayOfYear = dayOfEra - firstDay;
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = ((shiftedMonth + 2) % 12) + 1;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

function pad(value: number, width: number): string {
  return value.toString().padStart(width, '0');
}
