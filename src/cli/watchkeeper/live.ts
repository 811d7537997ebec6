/** Lines that are drawn again and again in the same place of a terminal. */
import { createLogUpdate } from 'log-update';

export interface Size {
  /** Columns that a line may fill. */
  readonly width: number;
  /** Lines that are seen at once. */
  readonly height: number;
}

export interface Live {
  /** Draws how it ended, and gives the terminal back. */
  finish(): Promise<void>;
}

/** @param interval ms between two frames; a slow one is waited for, and frames never pile up */
export function showLive(terminal: NodeJS.WriteStream, interval: number, frame: (size: Size) => Promise<readonly string[]>): Live {
  const draw = createLogUpdate(terminal, { showCursor: false });
  let drawing = false;

  const refresh = async (): Promise<void> => {
    // A slow terminal must not pile up frames.
    if (drawing) return;
    drawing = true;
    try {
      // Some terminals have no size yet.
      const [columns, rows] = [terminal.columns > 0 ? terminal.columns : 80, terminal.rows > 0 ? terminal.rows : 24];
      draw((await frame({ width: columns - 1, height: rows - 1 })).join('\n'));
    } finally {
      drawing = false;
    }
  };

  const timer = setInterval(() => void refresh(), interval);
  void refresh();
  return {
    finish: async () => {
      clearInterval(timer);
      await refresh();
      draw.done();
    },
  };
}
