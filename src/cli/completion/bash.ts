/** Completion for bash 4 and later; needs nothing of the package bash-completion. */
import { shellQuoted } from '../../core/shell-word.js';
import { DAEMON_NAMES, firstWords, functionName, spellings, takers, type CompletedCommand, type Program } from './program.js';

export function bashCompletion(program: Program): readonly string[] {
  const name = functionName(program);
  const path = takers(program, 'path').join('|');
  const text = takers(program, 'text').join('|');
  return [
    `# bash completion for ${program.name}; made from its table of commands`,
    `${name}() {`,
    "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words='' kind='' i",
    '  local -a said=()',
    '  COMPREPLY=()',
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    '    case ${COMP_WORDS[i]} in',
    `      ${[path, text].filter((part) => part !== '').join('|')}) ((i += 1)) ;;`,
    '      -?*) ;;',
    '      *) said+=("${COMP_WORDS[i]}") ;;',
    '    esac',
    '  done',
    '  case $prev in',
    `    ${path}) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;`,
    ...(text === '' ? [] : [`    ${text}) return ;;`]),
    '  esac',
    `  words=${shellQuoted(program.options.flatMap(spellings).join(' '))}`,
    '  case "${said[0]-} ${said[1]-}" in',
    `    ' ') words+=${shellQuoted(` ${firstWords(program).map(([word]) => word).join(' ')}`)} ;;`,
    // Pairs before single words: the first that fits is taken.
    ...[...program.commands].sort((a, b) => b.words.length - a.words.length).flatMap(commandLines),
    '  esac',
    ...secondWords(program),
    '  case $kind in',
    `    daemon) words+=" $(${DAEMON_NAMES})" ;;`,
    `    command) words+=${shellQuoted(` ${firstWords(program).map(([word]) => word).join(' ')}`)} ;;`,
    '  esac',
    '  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")',
    '}',
    `complete -F ${name} ${program.name}`,
  ];
}

function commandLines({ words, options, argument, most }: CompletedCommand): readonly string[] {
  const pattern = words.length === 1 ? `${shellQuoted(`${words.join(' ')} `)}*` : shellQuoted(words.join(' '));
  const parts = [
    ...(options.length === 0 ? [] : [`words+=${shellQuoted(` ${options.flatMap(spellings).join(' ')}`)}`]),
    ...(argument === undefined ? [] : [`((\${#said[@]} < ${Math.min(most, 1000) + words.length})) && kind=${argument}`]),
  ];
  return [`    ${pattern}) ${parts.length === 0 ? ':' : parts.join('; ')} ;;`];
}

function secondWords({ commands }: Program): readonly string[] {
  const seconds = new Map<string, string[]>();
  for (const { words: [first = '', second] } of commands) if (second !== undefined) seconds.set(first, [...(seconds.get(first) ?? []), second]);
  return [...seconds].map(([first, words]) => `  [[ \${#said[@]} == 1 && \${said[0]} == ${first} ]] && words+=${shellQuoted(` ${words.join(' ')}`)}`);
}
