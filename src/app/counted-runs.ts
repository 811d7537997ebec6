/** Records of tasks, and whoever counts is told of each run that ends. */
import { lastRun, type RunResult, type TaskRecord } from '../core/task-run.js';
import type { TaskStore } from '../ports/task-store.js';

export function countedRuns(store: TaskStore, ended: (task: string, result: RunResult) => void): TaskStore {
  /** Id of each task's run whose end was not told yet. */
  const running = new Map<string, number>();
  const note = (name: string, record: TaskRecord): void => {
    const run = lastRun(record);
    if (run === undefined) return;
    if (run.result === 'running') running.set(name, run.id);
    else if (running.get(name) === run.id) {
      running.delete(name);
      ended(name, run.result);
    }
  };
  return {
    read: (name) => {
      const record = store.read(name);
      if (record !== undefined && lastRun(record)?.result === 'running') note(name, record);
      return record;
    },
    write: (name, record, durable) => {
      note(name, record);
      return store.write(name, record, durable);
    },
    settled: () => store.settled(),
    names: () => store.names(),
  };
}
