/**
 * The suites of a machine without systemd once more, in pid namespaces of their
 * own with nothing but a process 1 that reaps: bookworm's and trixie's
 * start-stop-daemon, and pids that start at 1 and are reused soon.
 */
import { startContainer, type Container } from '../support/containers/container.js';
import { runInside, tell, type InnerResults } from '../support/containers/inner-suite.js';
import { daemonsRecipe, type Suite } from '../support/containers/recipe.js';
import { missingRequirement } from '../support/containers/requirements.js';

const SPECS = ['test/contract/direct.test.ts', 'test/integration/group-init-script.test.ts', 'test/integration/watcher.test.ts', 'test/integration/direct-start.test.ts', 'test/integration/direct-users.test.ts', 'test/integration/main-process.test.ts', 'test/integration/hooks.test.ts', 'test/system/inside/code-cache.spec.ts', 'test/system/inside/start-all.spec.ts'];
/** A first run builds the root file systems, too, and the specs run within it. */
const BUILD_TIMEOUT = 1_800_000;
const RUN_TIMEOUT = 900_000;
const SUITES: readonly Suite[] = ['bookworm', 'trixie'];

describe('a container without systemd', function () {
  this.timeout(BUILD_TIMEOUT);
  const missing = missingRequirement();

  for (const suite of SUITES) {
    describe(suite, () => {
      let container: Container | undefined;
      let results: InnerResults | undefined;

      before(async function () {
        if (missing !== undefined) return;
        container = await startContainer({ recipe: daemonsRecipe(suite), init: 'none', source: true, installed: true });
        results = await runInside(container, SPECS, RUN_TIMEOUT);
        if (this.test?.parent !== undefined) tell(this.test.parent, results);
      });

      it('runs the suites inside to their end', function () {
        if (missing === undefined) return;
        console.log(`      skipped: ${missing}`);
        this.skip();
      });

      after(async () => {
        await container?.stop();
      });
    });
  }
});
