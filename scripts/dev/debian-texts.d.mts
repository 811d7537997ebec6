/** For the tests of debian-texts.mjs. */
export interface Release {
  readonly version: string;
  /** Name and address. */
  readonly maintainer: string;
  /** Seconds since 1970. */
  readonly date: number;
}
export function debianChangelog(markdown: string, release: Release): string;
export function debianCopyright(licences: string): string;
