/**
 * The watcher's news, one after the other → how often each daemon was restarted,
 * and why. Pure but for its own tally.
 */
import type { RestartOwner } from './daemon.js';
import type { NewsKind } from './supervision-state.js';

/** `asked`: an operator, the cluster's software, or `restartWith`. `start-failed`: it never became ready. */
export const RESTART_CAUSES = ['crash', 'start-failed', 'unhealthy', 'asked'] as const;

export type RestartCause = (typeof RESTART_CAUSES)[number];

interface Track {
  /** Started, and not heard of as ready yet. */
  starting: boolean;
  cause: RestartCause | undefined;
}

export class RestartCauses {
  readonly #tracks = new Map<string, Track>();
  readonly #counts = new Map<string, Map<RestartCause, number>>();

  /** @param owner with systemd, "restart" says that it is restarted; with us, that it will be */
  constructor(private readonly owner: RestartOwner) {}

  tell(daemon: string, news: NewsKind): void {
    const track = this.#tracks.get(daemon) ?? { starting: false, cause: undefined };
    this.#tracks.set(daemon, track);
    switch (news) {
      case 'unhealthy':
        track.cause = 'unhealthy';
        break;
      case 'crash':
        track.cause = track.cause === 'unhealthy' ? 'unhealthy' : track.starting ? 'start-failed' : 'crash';
        track.starting = false;
        break;
      case 'stop':
        track.cause ??= 'asked';
        break;
      case 'start':
        if (this.owner !== 'systemd' || track.cause === 'asked') this.#count(daemon, track);
        track.starting = true;
        break;
      case 'restart':
        if (this.owner === 'systemd') this.#count(daemon, track);
        track.starting = this.owner === 'systemd';
        break;
      case 'ready':
      case 'adopted':
      case 'stopped':
      case 'skipped':
      case 'given-up':
        track.starting = false;
        track.cause = undefined;
        break;
      case 'waiting':
        // It was taken down for a role or a daemon that is away: what follows is another start.
        if (track.cause === 'asked') track.cause = undefined;
        break;
      case 'crash-loop':
      case 'recovered':
      case 'stop-failed':
      case 'degraded':
      case 'healthy':
      case 'reset':
      case 'drift':
        break;
    }
  }

  /** Since this watcher began. */
  count(daemon: string, cause: RestartCause): number {
    return this.#counts.get(daemon)?.get(cause) ?? 0;
  }

  /** Of daemons that are no longer in the catalogue nothing is told. */
  forgetAllBut(names: ReadonlySet<string>): void {
    for (const map of [this.#tracks, this.#counts]) for (const name of map.keys()) if (!names.has(name)) map.delete(name);
  }

  #count(daemon: string, track: Track): void {
    const { cause } = track;
    track.cause = undefined;
    if (cause === undefined) return;
    const counts = this.#counts.get(daemon) ?? new Map<RestartCause, number>();
    this.#counts.set(daemon, counts.set(cause, (counts.get(cause) ?? 0) + 1));
  }
}
