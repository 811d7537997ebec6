/** Records of tasks. */
import type { TaskRecord } from '../core/task-run.js';

export interface TaskStore {
  /** undefined: none, or rubbish, which is reported. */
  read(name: string): TaskRecord | undefined;
  /** @param durable on the disk when it returns; otherwise it survives our death, not a power cut. Failures are reported, not thrown. */
  write(name: string, record: TaskRecord, durable: boolean): void;
  /** Names that there are records of. */
  names(): readonly string[];
}
