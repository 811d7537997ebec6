/** Records of tasks. */
import type { TaskRecord } from '../core/task-run.js';

export interface TaskStore {
  /** undefined: none, or rubbish, which is reported. */
  read(name: string): TaskRecord | undefined;
  /**
   * In the order of the calls. Never rejects: failures are reported.
   * @param durable on the disk when it resolves; otherwise it survives our death, not a power cut
   */
  write(name: string, record: TaskRecord, durable: boolean): Promise<void>;
  /** Resolves when nothing is still on its way to the disk. */
  settled(): Promise<void>;
  /** Names that there are records of. */
  names(): readonly string[];
}
