/** Text as one word of a POSIX shell, bash or zsh, whatever it holds. */
export function shellQuoted(text: string): string {
  return `'${text.replace(/'/g, "'\\''")}'`;
}
