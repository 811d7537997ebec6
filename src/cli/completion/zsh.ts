/** Completion for zsh 5 and later, for a directory of $fpath. */
import { shellQuoted } from '../../core/shell-word.js';
import { DAEMON_NAMES, firstWords, functionName, spellings, takers, type CompletedOption, type Program } from './program.js';

export function zshCompletion(program: Program): readonly string[] {
  const name = functionName(program);
  const path = takers(program, 'path').join('|');
  const text = takers(program, 'text').join('|');
  const firsts = described(firstWords(program));
  const pairs = [...program.commands].sort((a, b) => b.words.length - a.words.length);
  const seconds = new Map<string, (readonly [string, string])[]>();
  for (const { words: [first = '', second], summary } of program.commands) {
    if (second !== undefined) seconds.set(first, [...(seconds.get(first) ?? []), [second, summary]]);
  }
  return [
    `#compdef ${program.name}`,
    `# zsh completion for ${program.name}; made from its table of commands`,
    `${name}() {`,
    '  local -a said verbs flags daemons',
    '  local kind i',
    '  for ((i = 2; i < CURRENT; i++)); do',
    '    case $words[i] in',
    `      (${[path, text].filter((part) => part !== '').join('|')}) ((i += 1)) ;;`,
    '      (-?*) ;;',
    '      (*) said+=("$words[i]") ;;',
    '    esac',
    '  done',
    '  case $words[CURRENT-1] in',
    `    (${path}) _files; return ;;`,
    ...(text === '' ? [] : [`    (${text}) return 1 ;;`]),
    '  esac',
    `  flags=(${described(optionWords(program.options))})`,
    '  case "$said[1] $said[2]" in',
    `    (' ') verbs=(${firsts}) ;;`,
    ...pairs.map(({ words, options, argument, most }) => {
      const pattern = words.length === 1 ? `${shellQuoted(`${words.join(' ')} `)}*` : shellQuoted(words.join(' '));
      const parts = [
        ...(options.length === 0 ? [] : [`flags+=(${described(optionWords(options))})`]),
        ...(argument === undefined ? [] : [`(( $#said < ${Math.min(most, 1000) + words.length} )) && kind=${argument}`]),
      ];
      return `    (${pattern}) ${parts.length === 0 ? ':' : parts.join('; ')} ;;`;
    }),
    '  esac',
    ...[...seconds].map(([first, words]) => `  [[ $#said == 1 && $said[1] == ${first} ]] && verbs+=(${described(words)})`),
    '  case $kind in',
    `    (daemon) daemons=(\${(f)"$(${DAEMON_NAMES})"}) ;;`,
    `    (command) verbs+=(${firsts}) ;;`,
    '  esac',
    '  local found=1',
    "  [[ $words[CURRENT] == -* ]] && _describe -o option flags && found=0",
    '  (( $#verbs )) && _describe command verbs && found=0',
    '  (( $#daemons )) && _describe daemon daemons && found=0',
    '  return found',
    '}',
    `${name} "$@"`,
  ];
}

function optionWords(options: readonly CompletedOption[]): readonly (readonly [string, string])[] {
  return options.flatMap((option) => spellings(option).map((word) => [word, option.summary] as const));
}

/** 'word:summary' for _describe. */
function described(words: readonly (readonly [string, string])[]): string {
  return words.map(([word, summary]) => shellQuoted(`${word.replace(/:/g, '\\:')}:${summary}`)).join(' ');
}
