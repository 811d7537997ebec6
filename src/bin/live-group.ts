/** The group's keys as they are in force now, for what is made once and starts daemons for the watcher's whole life. */
import type { GroupSpec } from '../core/daemon.js';

export class LiveGroup implements GroupSpec {
  constructor(private now: GroupSpec) {}

  /** By a reload. */
  become(group: GroupSpec): void {
    this.now = group;
  }

  get name(): GroupSpec['name'] {
    return this.now.name;
  }

  get description(): GroupSpec['description'] {
    return this.now.description;
  }

  get target(): GroupSpec['target'] {
    return this.now.target;
  }

  get roles(): GroupSpec['roles'] {
    return this.now.roles;
  }

  get setup(): GroupSpec['setup'] {
    return this.now.setup;
  }

  get directories(): GroupSpec['directories'] {
    return this.now.directories;
  }

  get environmentFile(): GroupSpec['environmentFile'] {
    return this.now.environmentFile;
  }

  get notMasterExitStatus(): GroupSpec['notMasterExitStatus'] {
    return this.now.notMasterExitStatus;
  }

  get refusals(): GroupSpec['refusals'] {
    return this.now.refusals;
  }
}
