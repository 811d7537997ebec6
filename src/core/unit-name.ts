/** Which unit of systemd a resource of the cluster means. */

/** Those that are started and stopped as such, and of which "active" says that they are at work. */
const SUFFIXES = ['.service', '.socket', '.mount', '.timer', '.path', '.target'];
/** systemctl(1) takes `*`, `?` and `[` for patterns; a backslash begins an escape of systemd.unit(5). */
const NAME = /^(?:[A-Za-z0-9:_.@-]|\\x[0-9a-f]{2})+$/;
/** A file of the whole name and a little more must be possible. */
const MAX_LENGTH = 200;
/** As Pacemaker's own systemd class has it. */
const INSTANCE = 'pacemaker';

/**
 * A bare name is a service; a template without an instance gets one.
 *
 * @param clone number of the instance of a globally unique clone, which all are different things; undefined: no such clone
 * @returns undefined for what is no name of such a unit
 */
export function resourceUnit(text: string, clone: number | undefined): string | undefined {
  if (text.length > MAX_LENGTH || !NAME.test(text) || /^[.-]/.test(text)) return undefined;
  const found = SUFFIXES.find((suffix) => text.endsWith(suffix));
  const suffix = found ?? '.service';
  const name = found === undefined ? text : text.slice(0, -suffix.length);
  if (name === '' || name.startsWith('@')) return undefined;
  return `${name.endsWith('@') ? `${name}${clone ?? INSTANCE}` : name}${suffix}`;
}

/** Whether it stands for many units. */
export function isTemplate(text: string): boolean {
  return /@(?:\.[a-z]+)?$/.test(text);
}
