/** What the words after `npm run bench --` ask for. Pure. */

type Kind = 'flag' | 'text' | 'count' | 'number' | 'counts';

interface Program {
  /** Names that it is asked by. */
  readonly names: readonly string[];
  readonly options: Readonly<Record<string, Kind>>;
}

export const PROGRAMS: Readonly<Record<string, Program>> = {
  supervision: {
    names: ['recovery', 'crash-loop', 'scale', 'growth'],
    options: { quick: 'flag', local: 'flag', harness: 'text', peers: 'text', kills: 'count', age: 'number', loop: 'number', sizes: 'counts', rounds: 'count', deaths: 'count', idle: 'number' },
  },
  front: { names: ['front'], options: { runs: 'count', suites: 'text', inits: 'text', only: 'text' } },
  pacemaker: { names: ['pacemaker'], options: { runs: 'count', 'baseline-runs': 'number', minutes: 'count', suites: 'text' } },
  ganeti: { names: ['ganeti'], options: { runs: 'count', suites: 'text', inits: 'text' } },
};

/** Of all programs. */
const COMMON: Readonly<Record<string, Kind>> = { json: 'text', write: 'flag', help: 'flag' };
/** What is measured where nobody says what. */
const USUAL = ['supervision', 'front', 'pacemaker'];
/** Roughly, minutes on two cores with all peers, sizes and systems. */
const MINUTES: Readonly<Record<string, number>> = { recovery: 6, 'crash-loop': 4, scale: 25, growth: 0, front: 30, pacemaker: 15, ganeti: 10 };

export const USAGE = `usage: npm run bench [-- NAME…] [OPTION…]

  Measures and tests nothing: Markdown tables as soon as each is measured, one
  line of JSON at the end. Without a NAME: all but ganeti. Root for most of it.

  NAME, and roughly how long it takes:
    recovery    a daemon that is killed, beside other supervisors (${MINUTES['recovery']} min)
    crash-loop  one that ends at once, and its neighbours (${MINUTES['crash-loop']} min)
    scale       what 1, 10, 100, 1000 daemons cost (${MINUTES['scale']} min)
    growth      how that grows (by the same measurement)
    front       the shell front of daemon-util beside the bash original (${MINUTES['front']} min)
    pacemaker   resource agents in clusters of three nodes (${MINUTES['pacemaker']} min)
    ganeti      daemon-util on a real Ganeti node (${MINUTES['ganeti']} min)

  --quick            without a NAME: recovery, scale and growth, with few kills, starts
                     and peers, under two minutes
  --json=FILE        the JSON there, too
  --write            the tables into docs/benchmarks.md

  recovery, crash-loop, scale, growth:
  --harness=DIR      that of the peers; without one there are only ours and the bare ones
  --local            not even if there is one
  --peers=A,B        only these
  --kills=N --age=S  of recovery;  --loop=S  of the crash loop
  --sizes=1,100 --rounds=N --deaths=N --idle=S  of scale and growth

  front, ganeti:     --runs=N --suites=bookworm,trixie --inits=none,systemd; front: --only=PATTERN
  pacemaker:         --runs=N --baseline-runs=N --minutes=N --suites=bookworm,trixie
`;

/** A program to be run. */
export interface Part {
  readonly program: string;
  readonly names: readonly string[];
  readonly flags: readonly string[];
}

export interface Run {
  readonly parts: readonly Part[];
  /** What is usual and is not among them, and why. */
  readonly leftOut: readonly string[];
  readonly json: string | undefined;
}

/** A string: why it cannot be understood. */
export type Understood = 'help' | { readonly wrong: string } | Run;

const parsed = (flag: string): readonly [string, string | undefined] => {
  const at = flag.indexOf('=');
  return at < 0 ? [flag.slice(2), undefined] : [flag.slice(2, at), flag.slice(at + 1)];
};

const WANTED: Readonly<Record<Kind, string>> = { flag: 'no value', text: 'a value', count: 'a whole number above zero', number: 'a number', counts: 'whole numbers above zero, with commas between' };

function fits(kind: Kind, value: string | undefined): boolean {
  if (kind === 'flag') return value === undefined;
  if (value === undefined || value === '') return false;
  if (kind === 'text') return true;
  const numbers = (kind === 'counts' ? value.split(',') : [value]).map((text) => (text.trim() === '' ? NaN : Number(text)));
  return numbers.every((one) => (kind === 'number' ? Number.isFinite(one) && one >= 0 : Number.isInteger(one) && one > 0));
}

/** Why one of them cannot be; undefined: all can. */
function refused(flags: readonly string[], programs: readonly string[]): string | undefined {
  const known = Object.assign({}, COMMON, ...programs.map((program) => PROGRAMS[program]?.options)) as Readonly<Record<string, Kind>>;
  for (const flag of flags) {
    const [name, value] = parsed(flag);
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (kind === undefined) {
      const others = Object.values(PROGRAMS).filter(({ options }) => Object.hasOwn(options, name)).flatMap(({ names }) => names);
      return `cannot understand ${flag}: ${others.length === 0 ? 'there is no such option' : `it is for ${others.join(', ')}`}`;
    }
    if (!fits(kind, value)) return `cannot understand ${flag}: it takes ${WANTED[kind]}`;
  }
  return undefined;
}

/** @param isRoot whether containers can be made */
export function understand(words: readonly string[], isRoot: boolean): Understood {
  const flags = words.filter((word) => word.startsWith('-'));
  const names = words.filter((word) => !word.startsWith('-'));
  if (flags.some((flag) => flag === '--help' || flag === '-h')) return 'help';
  const all = Object.values(PROGRAMS).flatMap((program) => program.names);
  const strange = names.find((name) => !all.includes(name));
  if (strange !== undefined) return { wrong: `cannot run '${strange}': the benchmarks are ${all.join(', ')}` };
  const small = ['--quick', '--local'].find((flag) => flags.includes(flag)) ?? (isRoot ? undefined : 'needs root');
  const programs = names.length === 0 ? USUAL.filter((program) => small === undefined || program === 'supervision') : Object.keys(PROGRAMS).filter((program) => PROGRAMS[program]?.names.some((name) => names.includes(name)));
  const wrong = refused(flags, programs);
  if (wrong !== undefined) return { wrong: `${wrong}; try: npm run bench -- --help` };
  const of = (program: string): readonly string[] => flags.filter((flag) => flag === '--write' || Object.hasOwn(PROGRAMS[program]?.options ?? {}, parsed(flag)[0]));
  return {
    parts: programs.map((program) => ({ program, names: PROGRAMS[program]?.names.filter((name) => names.includes(name)) ?? [], flags: of(program) })),
    leftOut: names.length > 0 ? [] : [...USUAL.filter((program) => !programs.includes(program)).map((program) => `${program} (${small ?? ''})`)],
    json: flags.map(parsed).findLast(([name]) => name === 'json')?.[1],
  };
}

/** What is going to be measured and roughly how long it takes: nobody is to be surprised. */
export function forecast({ parts }: Run): string {
  if (parts.some(({ flags }) => flags.includes('--quick'))) return 'recovery, scale and growth in short: under two minutes';
  const asked = parts.flatMap(({ program, names }) => (names.length > 0 ? names : PROGRAMS[program]?.names ?? []));
  const minutes = (name: string): number => (name === 'growth' && !asked.includes('scale') ? MINUTES['scale'] : MINUTES[name]) ?? 0;
  const each = asked.map((name) => `${name} ${minutes(name) === 0 ? '(with scale)' : `${minutes(name)} min`}`);
  return `${each.join(', ')}: together roughly ${asked.reduce((sum, name) => sum + minutes(name), 0)} min, less with fewer peers, sizes or systems`;
}
