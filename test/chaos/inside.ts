/** The storm itself, in the world that it is started in. Arguments: StormOptions, the world and its directory, as JSON. The report stands in DIRECTORY/verdict. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { hitEachKind } from './each-kind.js';
import type { Expectations } from './invariants.js';
import { kindsOf, planFaults, type WorldKind } from './plan.js';
import { PlainWorld } from './plain-world.js';
import { BEFORE_AND_AFTER, LONGEST_LOOK, STABLE, type StormOptions } from './options.js';
import { sabotage } from './sabotage.js';
import { leaveDown } from './sabotage-systemd.js';
import { Storm } from './storm.js';
import { sweep } from './sweep.js';
import { SystemdWorld } from './systemd-world.js';
import type { World } from './world.js';

const options = JSON.parse(process.argv[2] ?? '{}') as StormOptions & { readonly world: WorldKind; readonly directory: string };
// In a sweep the calls of a request are counted, which no heartbeat and no task is to disturb.
const isBusy = options.sweep === undefined;
const world: World = options.world === 'plain' ? new PlainWorld(options.directory, options.daemons, isBusy) : new SystemdWorld(options.directory, options.daemons, isBusy);
// Some are only there once somebody has paused something, and so on.
const formats = isBusy && options.only === undefined && options.sabotage !== true ? world.formats : [];
const expectations: Expectations = { daemons: world.site.names, requires: world.site.requires, pulls: options.world === 'systemd', checked: world.site.checked, bound: options.bound, longestLook: LONGEST_LOOK, stable: STABLE, formats };
const storm = new Storm(world, expectations);
setTimeout(() => {
  process.stderr.write(`the storm is not over in time: ${storm.whereabouts()}\n`);
  process.exit(1);
}, (options.seconds + BEFORE_AND_AFTER) * 1000);
const verdict = await storm.rage(async () => {
  if (options.sweep === undefined) {
    await storm.carryOut(planFaults(options), options.seconds, options.atLeast ?? 0);
    if (options.sabotage !== true) await hitEachKind(storm, kindsOf(options.world, options.only), options);
  } else storm.tell({ e: 'swept', points: Object.fromEntries(await sweep(storm, options.sweep, options)), from: options.points?.[0] ?? 1, of: options.sweep });
  if (options.sabotage === true) await (options.world === 'plain' ? sabotage : leaveDown)(storm);
});
writeFileSync(join(options.directory, 'verdict'), JSON.stringify(verdict));
process.exit(0);
