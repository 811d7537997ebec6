/**
 * Real clusters of three nodes, one for each Debian, that run daemons by our
 * OCF agents. Their specs share the cluster, and each leaves it as it found it.
 */
import { clusterRecipe, type Suite } from '../support/containers/recipe.js';
import { missingRequirement } from '../support/containers/requirements.js';
import { rootFileSystem } from '../support/containers/root-file-system.js';
import { ClusterWorld } from '../support/pacemaker/world.js';
import { prepareUnits } from '../support/pacemaker/units.js';
import { COMMAND_DAEMONS, commandSpecs } from './command-specs.js';
import { DAEMONS, daemonSpecs } from './daemon-specs.js';
import { ENSEMBLE_UNITS, ensembleSpecs } from './ensemble-specs.js';
import { ROLE_DAEMONS, roleSpecs } from './role-specs.js';
import { FAULTY_UNITS, unitFaultSpecs } from './unit-fault-specs.js';
import { UNITS, unitSpecs } from './unit-specs.js';

/** A first run builds the root file systems, too. */
const BUILD_TIMEOUT = 900_000;
const SPEC_TIMEOUT = 300_000;
const SUITES: readonly Suite[] = ['bookworm', 'trixie'];

for (const suite of SUITES) {
  describe(`a cluster on ${suite}, its daemons driven by ${suite === 'bookworm' ? 'the watcher' : 'systemd'}`, function () {
    this.timeout(SPEC_TIMEOUT);
    let world: ClusterWorld | undefined;

    before(async function () {
      this.timeout(BUILD_TIMEOUT);
      const missing = missingRequirement();
      if (missing !== undefined) {
        console.log(`    skipped: ${missing}`);
        this.skip();
      }
      await rootFileSystem(clusterRecipe(suite));
      world = await ClusterWorld.form(suite, { ...DAEMONS, ...ROLE_DAEMONS, ...COMMAND_DAEMONS }, (root, node) => prepareUnits(root, node, { ...ENSEMBLE_UNITS, ...UNITS, ...FAULTY_UNITS }));
    });

    after(() => world?.cluster.destroy());

    beforeEach(() => world?.beWhole());

    const formed = (): ClusterWorld => {
      if (world === undefined) throw new Error('there is no cluster');
      return world;
    };
    daemonSpecs(formed);
    ensembleSpecs(formed);
    if (suite === 'trixie') {
      unitSpecs(formed);
      unitFaultSpecs(formed);
    }
    roleSpecs(formed);
    commandSpecs(formed);
  });
}
