/**
 * What every Prometheus client tells of its process. prom-client's own set has a
 * sampler of the event loop that wakes 100 times a second, which an idle watcher
 * must not.
 */
import { Counter, Gauge, type Registry } from 'prom-client';

export function processMetrics(registry: Registry): void {
  const registers = [registry];
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time spent in seconds.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory size in bytes.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({ name: 'process_start_time_seconds', help: 'Start time of the process since the epoch in seconds.', registers }).set(Math.round(Date.now() / 1000 - process.uptime()));
}
