/** The watcher's news: what `watchkeeper events` shows and hooks are told. */
import type { NewsKind } from '../core/supervision-state.js';

export interface NewsItem {
  /** Rises by one; survives a restart of the watcher. */
  readonly id: number;
  /** ms since the epoch */
  readonly at: number;
  readonly daemon: string;
  readonly news: NewsKind;
  readonly reason: string;
  /** ms until the next attempt, where one is timed. */
  readonly delay: number | undefined;
}

export interface Journal {
  append(item: Omit<NewsItem, 'id'>): NewsItem;
  /** The newest last. */
  recent(limit: number): readonly NewsItem[];
}
