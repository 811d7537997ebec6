/** The version, from the package that we are. */
import manifest from '../../package.json' with { type: 'json' };

export function version(): string {
  return manifest.version;
}
