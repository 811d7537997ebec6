/** Debian packages of this source, built by scripts/build-deb in a container that has Debian's tools. */
import { join } from 'node:path';

import { startContainer, type Container } from './containers/container.js';
import { SOURCE_IN_CONTAINER } from './containers/installed-tree.js';
import { builderRecipe } from './containers/recipe.js';

const TIMEOUT = 300_000;
/** In the container; on the host below its root. */
const OUTPUT = '/srv/packages';

/** Where and how somebody builds. */
export interface Habits {
  readonly directory: string;
  readonly umask: string;
  readonly environment: Readonly<Record<string, string>>;
}

export class DebianBuilder {
  private constructor(readonly container: Container) {}

  static async start(): Promise<DebianBuilder> {
    return new DebianBuilder(await startContainer({ recipe: builderRecipe(), init: 'none', source: true }));
  }

  /** A clone as it would be under another path: with history and packages, without what was built. */
  async copy({ directory, umask }: Habits): Promise<void> {
    const script = 'umask "$3" && mkdir -p "$2" && cd "$1" && tar c --exclude=./dist . | tar x --no-same-permissions -C "$2"';
    await this.container.must(['/bin/sh', '-c', script, 'sh', SOURCE_IN_CONTAINER, directory, umask], { timeout: TIMEOUT });
  }

  /** @returns the path of the package, there and below the container's root */
  async build({ directory, umask, environment }: Habits, ...options: readonly string[]): Promise<string> {
    const output = join(OUTPUT, directory);
    const script = 'umask "$1" && cd "$2" && shift 2 && exec scripts/build-deb "$@"';
    const name = await this.container.must(['/bin/sh', '-c', script, 'sh', umask, directory, '--output', output, ...options], { timeout: TIMEOUT, environment });
    return name.trim();
  }
}
