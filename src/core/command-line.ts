/** The complete arguments of a daemon, the same under every service manager. */
import type { DaemonSpec } from './daemon.js';

export type StartMode = 'foreground' | 'background';

export function commandArguments(
  spec: DaemonSpec,
  mode: StartMode,
  variableArguments: readonly string[],
  oneShotArguments: readonly string[],
): readonly string[] {
  const modeArguments = mode === 'foreground' ? spec.foregroundArguments : spec.backgroundArguments;
  return [...spec.arguments, ...modeArguments, ...variableArguments, ...oneShotArguments];
}
