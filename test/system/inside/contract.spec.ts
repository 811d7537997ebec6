import { serviceManagerContract } from '../../contract/service-manager.js';
import { Bench } from './bench.js';

serviceManagerContract('systemd', () => {
  const bench = new Bench();
  return Promise.resolve({
    manager: bench.manager,
    daemon: (behaviour = {}, overrides = {}) => {
      const daemon = bench.daemon(behaviour, overrides);
      return Promise.resolve({ ...daemon, kill: () => daemon.mains().forEach((pid) => process.kill(pid, 'SIGKILL')) });
    },
    now: () => bench.clock.monotonic(),
    missingPath: `${bench.directory}/missing`,
    cleanup: () => {
      bench.cleanup();
      return Promise.resolve();
    },
  });
});
