/**
 * How systemd is told that a daemon is hung: its main process is killed by
 * SIGKILL, as systemd's own watchdog ends it in the end. What follows is
 * systemd's: Restart=, RestartSec= and the start limit of the unit hold, and
 * KillMode= decides on the rest of its processes. `systemctl restart` would be
 * an order that goes before all of them; SIGTERM would look like a wish to stop
 * (a clean end, after which Restart=on-failure does nothing); and a process
 * that is stopped or hung answers nothing else.
 */
import type { ProcessTable } from '../../ports/process-table.js';
import type { Condemner } from '../../ports/condemner.js';

export function systemdCondemner(processes: ProcessTable): Condemner {
  return {
    condemn: (spec, process) => {
      // By pid and start time: `systemctl kill` might already mean its successor.
      switch (processes.signal(process, 'SIGKILL')) {
        case 'sent':
          return Promise.resolve(`killed pid ${process.pid}; what follows is for ${spec.unit} to say`);
        case 'gone':
          return Promise.resolve(`pid ${process.pid} was gone already`);
        case 'not-permitted':
          return Promise.resolve(`pid ${process.pid} may not be killed by us`);
      }
    },
  };
}
