/**
 * An instant for people, without a clock or a calendar of the host's:
 * "2026-11-21 14:00:05Z". Days are turned into dates by Howard Hinnant's
 * civil_from_days, which is exact for every year.
 *
 * @param ms since the Unix epoch
 */
export function formatInstant(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const days = Math.floor(seconds / 86_400);
  const left = seconds - days * 86_400;
  const { year, month, day } = civil(days);
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60].map(two).join(':');
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)} ${time}Z`;
}

/** Eras of 400 years, each beginning on a 1 March, so that leap days come last. */
function civil(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}
