/** What a command of `daemon-util` is, and what it may use. */
import type { ChosenControl } from '../../app/control-choice.js';
import type { Catalogue } from '../../core/catalogue.js';
import type { DaemonSpec, StartCondition } from '../../core/daemon.js';
import type { Controller } from '../../ports/controller.js';
import type { Detection, ServiceManager } from '../../ports/service-manager.js';
import type { ProgressScreen } from './progress.js';

export interface Argument {
  /** As help prints it: NAME, RC, ARGS. */
  readonly name: string;
  /** For messages: "daemon name", as in the original's "Missing daemon name." */
  readonly meaning: string;
  readonly optional?: boolean;
  /** Takes all that follows as it stands, options of ours included. Only the last one may. */
  readonly rest?: boolean;
}

export interface Command {
  readonly name: string;
  readonly arguments: readonly Argument[];
  /** One line, without a full stop. */
  readonly summary: string;
  /** A complete call. */
  readonly example: string;
  /** Changes something: --dry-run prints its plan instead. */
  readonly changes: boolean;
  /** Loaded only for the command that is called. */
  readonly load: () => Promise<Handler>;
}

/** @param args already counted against `Command.arguments` */
export type Handler = (session: Session, args: readonly string[]) => Promise<Reply>;

export interface Reply {
  readonly exitStatus: number;
  /** For --json, beside schemaVersion, command, ok and exitStatus. */
  readonly json?: Readonly<Record<string, unknown>>;
}

export const DONE: Reply = { exitStatus: 0 };

export interface Options {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly dryRun: boolean;
  /** undefined: where the configuration lies by default. */
  readonly config: string | undefined;
}

export interface ChosenReader extends Omit<ChosenControl, 'controller'> {
  readonly controller: Pick<Controller, 'via' | 'status'>;
}

/** What the operating system tells, and what bin/ composes: all made on first use. */
export interface Means {
  readonly version: string;
  /** The caller's environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** "uid 0, pid 4711" */
  readonly caller: string;
  /** Who runs this command, see StopControlRequest; undefined: nobody who could ask again. */
  readonly asker: string | undefined;
  /** undefined: stderr is no terminal that a line could be redrawn on. */
  readonly screen: ProgressScreen | undefined;
  catalogue(): Promise<Catalogue>;
  /** Of who carries it out, as far as that is known by then. */
  detection(): Promise<Detection>;
  manager(): Promise<ServiceManager>;
  /** For changes; holds control until it is released. */
  control(by: string): Promise<ChosenControl>;
  /** For questions; holds nothing. */
  reader(): Promise<ChosenReader>;
  pathExists(path: string): boolean;
  isMet(condition: StartCondition): boolean;
  /** "user:group" that the daemon is started with. */
  account(spec: DaemonSpec): Promise<string>;
  /** undefined: done. Otherwise why not. */
  reloadSshKeys(): Promise<SshReload>;
}

export type SshReload =
  | { readonly ok: true; readonly detail: string }
  | { readonly ok: false; readonly reason: string; readonly next: string };

export interface Session {
  readonly command: Command;
  readonly options: Options;
  readonly means: Means;
  /** Who asks, for logs and desired state: "daemon-util start web (uid 0, pid 4711)". */
  readonly by: string;
  /** A result: one line on stdout, not with --json. */
  out(line: string): void;
  /** Chatter: one line on stderr. */
  err(line: string): void;
  /** Chatter for --verbose only. */
  detail(line: string): void;
}
