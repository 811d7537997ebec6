/** What a terminal bears, by the conventions that users set once for all programs. */

/**
 * Colour only on a terminal that can show it, and never with NO_COLOR set to
 * anything but the empty text (no-color.org).
 */
export function wantsColour(environment: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  return isTerminal && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';
}
