/** What is looked up for people on this machine: details of a daemon, its output, its history. */
import { join } from 'node:path';

import type { Configuration } from '../adapters/config/configuration.js';
import type { LogOptions, LogSink } from '../cli/watchkeeper/command.js';
import { requireDaemon } from '../core/catalogue.js';
import { commandArguments } from '../core/command-line.js';
import { extraWords, redactedWord, type DaemonDetails } from '../core/daemon-details.js';
import type { DaemonStatus } from '../core/daemon-status.js';
import type { DaemonSpec } from '../core/daemon.js';
import { WatchkeeperError } from '../core/errors.js';
import { heldBackBy } from '../core/held-back.js';
import type { HistoryInterval } from '../core/history.js';
import { concerns, isActive } from '../core/pause.js';
import type { NewsItem } from '../ports/journal.js';
import type { Detection } from '../ports/service-manager.js';
import type { Host } from './host.js';

/** News that tell of an end. */
const ENDS: ReadonlySet<string> = new Set(['crash', 'restart', 'stopped', 'given-up', 'crash-loop']);
const OUTPUT_LINES = 5;
/** ms between two looks at a file that is followed. */
const LOOK = 200;

/** Those it needs, and those that they need. */
export function withRequired({ catalogue }: Configuration, name: string): readonly string[] {
  const names = new Set<string>();
  const add = (one: string): void => {
    const spec = catalogue.daemons.find((daemon) => daemon.name === one);
    if (spec === undefined || names.has(one)) return;
    names.add(one);
    spec.requires.forEach(add);
  };
  add(name);
  return [...names];
}

export interface DetailSources {
  readonly host: Host;
  readonly detection: Detection;
  readonly news: readonly NewsItem[];
  /** Of the daemon and those that it requires. */
  readonly statuses: readonly DaemonStatus[];
  readonly complain: (line: string) => void;
}

/** @throws WatchkeeperError UNKNOWN_DAEMON */
export async function daemonDetails(name: string, { host, detection, news, statuses, complain }: DetailSources): Promise<DaemonDetails> {
  const configuration = await host.configuration();
  const { catalogue, settings } = configuration;
  const spec = requireDaemon(catalogue, name);
  const [{ processTree }, { pauseStore }, { desiredStateStore }, { Wishes }, clock, self] = await Promise.all([
    import('../adapters/inspection/process-tree.js'),
    import('../adapters/state/pauses.js'),
    import('../adapters/state/desired-state.js'),
    import('../app/wishes.js'),
    host.clock(),
    host.self(),
  ]);
  const byName = new Map(statuses.map((status) => [status.name, status]));
  const status = byName.get(name);
  const pid = status?.pid ?? undefined;
  const now = clock.wall();
  const end = news.filter((item) => item.daemon === name && ENDS.has(item.news)).at(-1);
  const output = await outputOf(spec, detection, host);
  const wanted = status?.desired === 'up' && !status.ready;
  return {
    desiredReason: new Wishes(desiredStateStore(settings.paths.state, complain), clock, self.bootId).now(spec).reason,
    serviceManager: detection.kind === 'systemd' ? ((await (await host.manager('systemd', false)).observe([spec]))[0]?.details ?? {}) : {},
    processes: pid === undefined ? [] : processTree(pid, [spec.unit, spec.name]),
    oneShotArguments: pid === undefined ? null : await oneShotArguments(spec, pid, configuration),
    lastEnd: end === undefined ? null : { at: end.at, reason: end.reason },
    lastOutput: output.lines,
    outputIn: output.where,
    pauses: pauseStore(settings.paths.state, settings.pauseFile, complain).read().filter((lease) => isActive(lease, now) && concerns(lease, name)),
    restartPolicy: { intensity: spec.restart.intensity, period: spec.restart.period },
    heldBackBy: wanted ? heldBackBy(name, new Map(catalogue.daemons.map((daemon) => [daemon.name, daemon])), byName) : [],
  };
}

async function oneShotArguments(spec: DaemonSpec, pid: number, { catalogue }: Configuration): Promise<readonly string[] | null> {
  const [{ readCommandLine }, { readEnvironmentFile, variableArguments }] = await Promise.all([
    import('../adapters/host/proc.js'),
    import('../adapters/sysv/environment.js'),
  ]);
  const file = catalogue.group.environmentFile;
  const read = file === undefined ? { ok: true as const, variables: new Map<string, string>() } : readEnvironmentFile(file);
  const words = read.ok ? variableArguments(spec, read.variables) : { ok: false as const };
  if (!words.ok) return null;
  const fixed = (['foreground', 'background'] as const).map((mode) => commandArguments(spec, mode, words.words, []));
  return extraWords(readCommandLine(pid), spec.executable, fixed)?.map(redactedWord) ?? null;
}

async function outputOf(spec: DaemonSpec, detection: Detection, host: Host): Promise<{ readonly lines: readonly string[]; readonly where: string | null }> {
  if (detection.kind === 'systemd') {
    const { lastMessages } = await import('../adapters/systemd/journal.js');
    return { lines: await lastMessages(await host.runner(), spec.unit, OUTPUT_LINES), where: `journalctl -u ${spec.unit}` };
  }
  if (spec.outputFile === undefined) return { lines: [], where: null };
  const { lastLines } = await import('../adapters/inspection/output-file.js');
  return { lines: lastLines(spec.outputFile, OUTPUT_LINES), where: spec.outputFile };
}

/** The events that watchers wrote down, whether or not one runs now. */
export async function ownEvents(host: Host): Promise<readonly NewsItem[]> {
  const { settings } = await host.configuration();
  const { readTail } = await import('../adapters/state/journal.js');
  return asUser(() => readTail(join(settings.paths.state, 'events.jsonl')), `read the events in ${settings.paths.state}`);
}

export async function readHistory(host: Host, from: number, to: number): Promise<ReadonlyMap<string, readonly HistoryInterval[]>> {
  const { settings } = await host.configuration();
  const { readHistory: read } = await import('../adapters/state/history.js');
  return asUser(() => read(settings.paths.state, from, to), `read the history in ${settings.paths.state}`);
}

/** @returns the exit status; with `follow`, ends only with us */
export async function showLogs(host: Host, detect: () => Promise<Detection>, name: string, options: LogOptions, sink: LogSink): Promise<number> {
  const spec = requireDaemon((await host.configuration()).catalogue, name);
  if ((await detect()).kind === 'systemd') {
    const { showJournal } = await import('../adapters/systemd/journal.js');
    return showJournal(spec.unit, options);
  }
  const { outputFile } = spec;
  if (outputFile === undefined) {
    throw new WatchkeeperError('USAGE', 'cannot show logs', `the output of ${name} is thrown away (outputFile: none)`, `an outputFile for ${name} in the configuration`);
  }
  const { lastLines, OutputFollower } = await import('../adapters/inspection/output-file.js');
  const follower = options.follow ? asUser(() => new OutputFollower(outputFile, (line) => sink.line(line)), `read ${outputFile}`) : undefined;
  const lines = options.lines === 0 ? [] : asUser(() => lastLines(outputFile, options.lines, follower?.place), `read ${outputFile}`);
  for (const line of lines) sink.line(line);
  if (lines.length === 0 && options.lines > 0) sink.note(`${outputFile} is empty or not there yet`);
  if (follower === undefined) return 0;
  const clock = await host.clock();
  const { sleep } = await import('../ports/clock.js');
  for (;;) {
    follower.look();
    await sleep(clock, LOOK);
  }
}

function asUser<T>(read: () => T, what: string): T {
  try {
    return read();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code !== 'EACCES' && code !== 'EPERM') throw cause;
    throw new WatchkeeperError('STATE_UNWRITABLE', `cannot ${what}`, 'permission denied', 'the same as root', { cause });
  }
}
