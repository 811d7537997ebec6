/** What a terminal bears, by the conventions that users set once for all programs. */

/**
 * Colour only on a terminal that can show it, never with NO_COLOR set to
 * anything but the empty text (no-color.org), nor with CLICOLOR=0; elsewhere only
 * with CLICOLOR_FORCE set to anything but 0 or the empty text (bixense.com/clicolors).
 * NO_COLOR goes before CLICOLOR_FORCE: who asks for none must never get any.
 */
export function wantsColour(environment: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  if ((environment['NO_COLOR'] ?? '') !== '') return false;
  const forced = environment['CLICOLOR_FORCE'] ?? '';
  if (forced !== '' && forced !== '0') return true;
  return isTerminal && environment['TERM'] !== 'dumb' && environment['CLICOLOR'] !== '0';
}
