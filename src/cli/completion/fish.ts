/** Completion for fish 3 and later. */
import { DAEMON_NAMES, firstWords, functionName, takers, type CompletedOption, type Program } from './program.js';

export function fishCompletion(program: Program): readonly string[] {
  const said = `_${functionName(program)}_said`;
  const complete = `complete -c ${program.name}`;
  const firsts = firstWords(program);
  return [
    `# fish completion for ${program.name}; made from its table of commands`,
    `function ${said} --description 'whether the words before are these; a count of further ones after --'`,
    '  set -l found',
    '  set -l skip 0',
    '  for word in (commandline -opc)[2..]',
    '    if test $skip = 1',
    '      set skip 0',
    '      continue',
    '    end',
    '    switch $word',
    `      case ${[...takers(program, 'path'), ...takers(program, 'text')].join(' ')}`,
    '        set skip 1',
    "      case '-?*'",
    '      case \'*\'',
    '        set -a found $word',
    '    end',
    '  end',
    '  set -l most $argv[1]',
    '  set -l wanted $argv[2..]',
    '  test (count $found) -ge (count $wanted); or return 1',
    '  test (math (count $found) - (count $wanted)) -le $most; or return 1',
    '  for i in (seq (count $wanted))',
    '    test $found[$i] = $wanted[$i]; or return 1',
    '  end',
    'end',
    `${complete} -f`,
    ...program.options.map((option) => `${complete}${optionWords(option)}`),
    ...firsts.map(([word, summary]) => `${complete} -n '${said} 0' -a ${word} -d ${fishQuoted(summary)}`),
    ...program.commands.flatMap(({ words, summary, options, argument, most }) => {
      const [first = '', second] = words;
      const below = (further: number): string => `-n '${said} ${further} ${words.join(' ')}'`;
      return [
        ...(second === undefined ? [] : [`${complete} -n '${said} 0 ${first}' -a ${second} -d ${fishQuoted(summary)}`]),
        ...options.map((option) => `${complete} ${below(1000)}${optionWords(option)}`),
        ...(argument === 'daemon' ? [`${complete} ${below(Math.min(most, 1000) - 1)} -a '(${DAEMON_NAMES})' -d daemon`] : []),
        ...(argument === 'command' ? firsts.map(([word, about]) => `${complete} ${below(0)} -a ${word} -d ${fishQuoted(about)}`) : []),
      ];
    }),
  ];
}

function optionWords({ name, short, value, summary }: CompletedOption): string {
  const takes = value === undefined ? '' : value === 'path' ? ' -r -F' : ' -x';
  return ` -l ${name}${short === undefined ? '' : ` -s ${short}`}${takes} -d ${fishQuoted(summary)}`;
}

/** In fish's single quotes, only \ and ' are special. */
function fishQuoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
