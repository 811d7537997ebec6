/** The `code` of a Node system error ("ENOENT"); undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What the machine, or the watcher itself, has too little of at this moment: says nothing of whom it was wanted for. See connect(2), socket(2), fork(2). */
export function isShortage(code: string | undefined): boolean {
  return code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM' || code === 'ENOBUFS';
}
