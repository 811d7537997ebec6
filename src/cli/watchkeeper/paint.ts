/** Which colour a state has, wherever it is shown. Colour only adds to words and shapes. */
import colours from 'picocolors';

import type { StatusState } from '../../core/daemon-status.js';

export type Paint = (text: string) => string;
export type Paints = ReturnType<typeof colours.createColors>;

export function paints(colour: boolean): Paints {
  return colours.createColors(colour);
}

export function paintOf(state: StatusState, desired: 'up' | 'down', paint: Paints): Paint {
  switch (state) {
    case 'running':
      return desired === 'up' ? paint.green : paint.yellow;
    case 'degraded':
    case 'starting':
    case 'stopping':
    case 'waiting':
    case 'backing-off':
      return paint.yellow;
    case 'crash-loop':
    case 'given-up':
    case 'failed':
      return paint.red;
    case 'stopped':
      return desired === 'up' ? paint.yellow : paint.dim;
  }
}
