/** What a question did not measure of what it usually does, and why: who reads the table does not know. Pure. */

export interface Peers {
  /** Those that are measured where nobody says which. */
  readonly usual: readonly string[];
  readonly measured: readonly string[];
  readonly available: readonly string[];
  /** Why the others are not available. */
  readonly reasons: readonly string[];
  /** The option that has chosen. */
  readonly by: string;
}

export function peersLeftOut({ usual, measured, available, reasons, by }: Peers): readonly string[] {
  const missing = usual.filter((name) => !measured.includes(name));
  const absent = missing.filter((name) => !available.includes(name));
  const unchosen = missing.filter((name) => available.includes(name));
  return [...(unchosen.length === 0 ? [] : [`${unchosen.join(', ')} (${by})`]), ...reasons.map((why) => (absent.length === 0 ? why : `${absent.join(', ')}: ${why}`))];
}

export function sizesLeftOut(usual: readonly number[], measured: readonly number[], by: string): readonly string[] {
  const missing = usual.filter((size) => !measured.includes(size));
  return missing.length === 0 ? [] : [`${missing.join(', ')} ${missing.join() === '1' ? 'daemon' : 'daemons'} (${by})`];
}
