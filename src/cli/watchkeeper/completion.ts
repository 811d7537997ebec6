/** `watchkeeper completion` */
import { WatchkeeperError } from '../../core/errors.js';
import { quoted } from '../../core/printable.js';
import { PROGRAMS, program, type Program } from '../completion/program.js';
import type { Handler } from './command.js';

const SHELLS: Readonly<Record<string, () => Promise<(all: Program) => readonly string[]>>> = {
  bash: async () => (await import('../completion/bash.js')).bashCompletion,
  zsh: async () => (await import('../completion/zsh.js')).zshCompletion,
  fish: async () => (await import('../completion/fish.js')).fishCompletion,
};

export const completion: Handler = async ({ args: [shell = '', of = 'watchkeeper'] }, session) => {
  const load = Object.entries(SHELLS).find(([name]) => name === shell)?.[1];
  const name = PROGRAMS.find((known) => known === of);
  if (load === undefined) throw usage(`there is completion for ${Object.keys(SHELLS).join(', ')}, not ${quoted(shell)}`);
  if (name === undefined) throw usage(`it is for ${PROGRAMS.join(' or ')}, not ${quoted(of)}`);
  const text = await load();
  for (const line of text(program(name))) session.out(line);
  return 0;
};

function usage(why: string): WatchkeeperError {
  return new WatchkeeperError('USAGE', 'cannot print the completion', why, 'watchkeeper help completion');
}
