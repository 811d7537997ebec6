/** How a process ended, as waitpid(2) tells its parent. */
export type ExitStatus =
  | { readonly kind: 'exited'; readonly status: number }
  | { readonly kind: 'killed'; readonly signal: string }
  /** Not our child: only its absence was seen. */
  | { readonly kind: 'unknown' };

export function describeExit(exit: ExitStatus): string {
  switch (exit.kind) {
    case 'exited':
      return `exited with status ${exit.status}`;
    case 'killed':
      return `killed by ${exit.signal}`;
    case 'unknown':
      return 'gone (not our child, so its exit status is unknown)';
  }
}
