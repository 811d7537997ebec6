/** What a container's root file system is made of; the same recipe is built once and cached. */

export type Suite = 'bookworm' | 'trixie';

export interface Recipe {
  readonly suite: Suite;
  readonly packages: readonly string[];
  /** Units that must not start by themselves at boot. */
  readonly disabled: readonly string[];
  /** Units that must not even be started by others: timers that would disturb a test. */
  readonly masked: readonly string[];
}

/** Raise it when what is done to a root changes, so that nobody tests with an old one. */
export const RECIPE_VERSION = 1;

/** Timers and a login that would only disturb a test. */
const MASKED = ['apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer', 'e2scrub_reap.service', 'console-getty.service'];

/**
 * Real daemons with real manners: one that notifies, one that forks workers, one without a
 * file; and each shell that the fronts are tried in.
 */
export function daemonsRecipe(suite: Suite): Recipe {
  return {
    suite,
    packages: ['systemd', 'systemd-sysv', 'dbus', 'procps', 'iproute2', 'redis-server', 'nginx-light', 'memcached', 'libstdc++6', 'busybox'],
    disabled: ['redis-server.service', 'nginx.service', 'memcached.service'],
    masked: MASKED,
  };
}

/** System V's rc and insserv, and no other init at all. */
export function sysvRecipe(suite: Suite): Recipe {
  return { suite, packages: ['sysv-rc', 'insserv', 'procps', 'libstdc++6'], disabled: [], masked: [] };
}

/** A node of a Ganeti cluster, as Debian's package makes it. */
export function ganetiRecipe(suite: Suite): Recipe {
  return {
    suite,
    packages: ['systemd', 'systemd-sysv', 'dbus', 'procps', 'iproute2', 'libstdc++6', 'ganeti', 'openssh-server', 'openssh-client', 'iputils-ping', 'iputils-arping'],
    disabled: [],
    masked: MASKED,
  };
}

/** Three of these make a real cluster: Corosync, Pacemaker, and the tools that its operators use. */
export function clusterRecipe(suite: Suite): Recipe {
  return {
    suite,
    packages: [
      'systemd', 'systemd-sysv', 'dbus', 'procps', 'iproute2', 'psmisc', 'libstdc++6', 'libxml2-utils', 'python3-minimal',
      'corosync', 'pacemaker', 'pacemaker-cli-utils', 'pacemaker-resource-agents', 'resource-agents', 'crmsh', 'pcs', 'busybox',
    ],
    disabled: ['corosync.service', 'pacemaker.service', 'pcsd.service'],
    masked: ['apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer', 'e2scrub_reap.service', 'console-getty.service', 'pcsd-ruby.service'],
  };
}

/** Debian's tools for making packages, and those that look for faults in them. */
export function builderRecipe(): Recipe {
  return { suite: 'trixie', packages: ['debhelper', 'lintian', 'git', 'scdoc', 'libstdc++6'], disabled: [], masked: [] };
}

/** A node as its operator has it, with Debian's own Node: 18 in bookworm, 20 in trixie. */
export function operatorRecipe(suite: Suite): Recipe {
  return { suite, packages: ['systemd', 'systemd-sysv', 'dbus', 'procps', 'nodejs', 'logrotate'], disabled: [], masked: MASKED };
}
