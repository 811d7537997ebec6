/** Calls in turn, timed by a shell beside them; and what they ended with: what fails at once is quick, and no measure. */
import { markdown, mean, median, quantile, shown, isMet } from './figures.mjs';

/**
 * Timed inside, by one shell that starts nothing but the calls: µs of wall time
 * and ms of CPU time (user and system, with what was waited for) of each turn.
 * Calls of one turn are separated by `;`. A call that ends with another status
 * than in the first turn ends it all: there would be nothing to compare.
 */
export const LOOP = `
cpu() { times >$kept; { read -r _ _; read -r user system; } <$kept; }
ms() { local text=\${1%s}; local minutes=\${text%m*} rest=\${text#*m}; echo_ms=$((minutes * 60000 + 10#\${rest/./})); }
kept=$1 n=$2; shift 2
declare -a expected
for ((turn = 0; turn < n; turn++)); do
  index=0
  for words; do
    IFS=';' read -ra calls <<<"$words"
    cpu; ms "$user"; before=$echo_ms; ms "$system"; before=$((before + echo_ms))
    status=
    s=\${EPOCHREALTIME/./}
    for call in "\${calls[@]}"; do $call >/dev/null 2>&1; status=$status$?,; done
    wall=$((\${EPOCHREALTIME/./} - s))
    cpu; ms "$user"; after=$echo_ms; ms "$system"; after=$((after + echo_ms))
    : "\${expected[index]:=$status}"
    if [[ $status != "\${expected[index]}" ]]; then echo "$words ended with $status, and before with \${expected[index]}" >&2; exit 1; fi
    echo "$index $wall $((after - before))"
    index=$((index + 1))
  done
done
for one in "\${expected[@]}"; do echo "status $one"; done
`;

/** Where LOOP keeps what `times` says. */
export const KEPT = '/run/times';

export interface Sample {
  /** ms */
  readonly wall: number;
  readonly cpu: number;
}

/** What one side of a pair came to. */
export interface Side {
  readonly samples: readonly Sample[];
  /** Exit statuses of its calls, the same in each turn. */
  readonly statuses: readonly number[];
}

/** What LOOP printed, of so many sides. @throws where it does not tell all of their statuses */
export function sides(output: string, count: number): readonly Side[] {
  const lines = output.trim().split('\n').map((line) => line.split(' '));
  const statuses = lines.filter(([first]) => first === 'status').map(([, text = '']) => text.split(',').slice(0, -1).map(Number));
  if (statuses.length !== count || statuses.some((all) => all.length === 0 || !all.every((status) => Number.isInteger(status)))) throw new Error(`cannot tell what the calls ended with: ${output.slice(-200)}`);
  // The first turn is to warm up.
  return statuses.map((all, index) => ({
    statuses: all,
    samples: lines.filter(([first]) => first === String(index)).slice(1).map(([, wall, cpu]) => ({ wall: Number(wall) / 1000, cpu: Number(cpu) })),
  }));
}

export interface Compared {
  readonly what: string;
  /** Most that ours may take of the reference. */
  readonly most?: number;
  /** What each of the calls has to end with; 0 unless told. */
  readonly ends?: number;
}

/** "": as it has to. */
function strange({ statuses }: Side, { ends = 0 }: Compared): string {
  return statuses.every((status) => status === ends) ? '' : ` (ends with ${statuses.join(', ')})`;
}

export function ratio(reference: Side, ours: Side, of: keyof Sample): number {
  return median(ours.samples.map((sample) => sample[of])) / median(reference.samples.map((sample) => sample[of]));
}

export const HEAD = ['ms: median (p95)', 'reference', 'ours', '×', 'at most', 'met', 'CPU, mean: reference', 'ours'];

/** What ours did wrong took no time that could meet a bar. A reference that fails is only marked: it did less than it should, and was the quicker for it. */
export function row(pair: Compared, reference: Side, ours: Side): readonly string[] {
  const wall = (side: Side): string => {
    const times = side.samples.map((sample) => sample.wall);
    return `${shown(median(times))} (${shown(quantile(times, 0.95))})${strange(side, pair)}`;
  };
  const times = ratio(reference, ours, 'wall');
  const most = pair.most ?? NaN;
  const met = strange(ours, pair) === '' ? isMet({ what: pair.what, measured: times, unit: '', most }) : false;
  const cpu = ({ samples }: Side): string => shown(mean(samples.map((sample) => sample.cpu)));
  return [pair.what, wall(reference), wall(ours), shown(times), shown(most), met === undefined ? '–' : met ? 'yes' : '**no**', cpu(reference), cpu(ours)];
}

export function table(rows: readonly (readonly string[])[]): string {
  return markdown(HEAD, rows);
}
