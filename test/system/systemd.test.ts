/**
 * Everything that the systemd manager and the D-Bus observer promise, on a real
 * systemd as process 1: 252 (bookworm) and 257 (trixie), both at once. The specs
 * themselves are in inside/ and run in the containers.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { startContainer, type Container } from '../support/containers/container.js';
import { runInside, tell, type InnerResults } from '../support/containers/inner-suite.js';
import { REPOSITORY } from '../support/containers/installed-tree.js';
import { daemonsRecipe, type Suite } from '../support/containers/recipe.js';
import { missingRequirement } from '../support/containers/requirements.js';

/** A first run builds the root file systems, too, and the specs run within it. */
const BUILD_TIMEOUT = 2_400_000;
const RUN_TIMEOUT = 1_500_000;
const SUITES: readonly Suite[] = ['bookworm', 'trixie'];

interface Run {
  readonly container: Container;
  readonly results: InnerResults;
}

describe('systemd in a container', function () {
  this.timeout(BUILD_TIMEOUT);
  const runs = new Map<Suite, Promise<Run>>();
  const missing = missingRequirement();

  before(function () {
    if (missing !== undefined) return;
    const inside = join(REPOSITORY, 'test/system/inside');
    const specs = readdirSync(inside).filter((name) => name.endsWith('.spec.ts')).map((name) => `test/system/inside/${name}`);
    for (const suite of SUITES) {
      const run = (async () => {
        const container = await startContainer({ recipe: daemonsRecipe(suite), init: 'systemd', source: true, installed: true });
        return { container, results: await runInside(container, specs, RUN_TIMEOUT) };
      })();
      // Awaited by its own suite below; until then a failure is not an unhandled one.
      run.catch(() => undefined);
      runs.set(suite, run);
    }
  });

  for (const suite of SUITES) {
    describe(suite, () => {
      before(async function () {
        const run = await runs.get(suite);
        if (run !== undefined && this.test?.parent !== undefined) tell(this.test.parent, run.results);
      });

      it('runs the specs inside to their end', function () {
        if (missing !== undefined) {
          console.log(`      skipped: ${missing}`);
          this.skip();
        }
      });

      after(async () => {
        await (await runs.get(suite))?.container.stop();
      });
    });
  }
});
