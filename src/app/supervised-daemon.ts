/**
 * One daemon under supervision: keeps its machine's state and carries out the
 * machine's effects, one executor each. What comes back is an event again.
 */
import { commandArguments } from '../core/command-line.js';
import type { DaemonSpec } from '../core/daemon.js';
import { usesNotifications } from '../core/notify-message.js';
import type { ExitStatus } from '../core/exit-status.js';
import { failed, type Outcome } from '../core/outcome.js';
import { sameProcess, type ProcessIdentity } from '../core/process-identity.js';
import { step } from '../core/supervision.js';
import type { Effect, Supervision, SupervisionEvent } from '../core/supervision-state.js';
import type { Timer } from '../ports/clock.js';
import type { Child, Explanation } from '../ports/launcher.js';
import type { Cancel } from '../ports/process-table.js';
import { endDaemon } from './daemon-end.js';
import { attentionOf, DaemonHealth } from './daemon-health.js';
import { LastFailure } from './last-failure.js';
import { isClaimed, layGround, provenMain } from './launch-ground.js';
import { awaitReadiness } from './readiness-wait.js';
import type { Surroundings, SupervisionPorts } from './supervision-ports.js';

export class SupervisedDaemon {
  spec: DaemonSpec;
  state: Supervision;
  readonly lastFailure = new LastFailure();
  /** What it was launched with beyond its configuration. */
  oneShotArguments: readonly string[] = [];
  #explain: Child['explain'];
  readonly health: DaemonHealth;
  readonly #ports: SupervisionPorts;
  readonly #around: Surroundings;
  #timer: Timer | undefined;
  #exitWatch: Cancel | undefined;
  #released = false;
  #readinessWait: (Cancel & { readonly process: ProcessIdentity }) | undefined;

  constructor(spec: DaemonSpec, state: Supervision, ports: SupervisionPorts, around: Surroundings) {
    this.spec = spec;
    this.state = state;
    this.#ports = ports;
    this.#around = around;
    this.health = new DaemonHealth(ports.clock, ports.health, {
      unhealthy: (process, reason) => around.send({ kind: 'unhealthy', process, reason }),
      degraded: (process, reason) => around.send({ kind: 'degraded', process, reason }),
    });
  }

  /** The process that the machine counts as the daemon's main process now. */
  get process(): ProcessIdentity | undefined {
    return 'process' in this.state.phase ? this.state.phase.process : undefined;
  }

  handle(event: SupervisionEvent): void {
    const { clock } = this.#ports;
    this.#note(event);
    const [next, effects] = step(this.state, event, {
      spec: this.spec,
      notMasterExitStatus: this.#around.notMasterExitStatus(),
      now: clock.monotonic(),
      random: clock.random(),
    });
    this.state = next;
    for (const effect of effects) this.#execute(effect);
    this.health.follow(this.spec, attentionOf(this.state));
  }

  /** Lets go of timers and watches, and of a launch that has not made a process yet; what runs is left alone. */
  release(): void {
    this.#released = true;
    this.#timer?.cancel();
    this.#exitWatch?.cancel();
    this.#readinessWait?.cancel();
    this.health.release();
  }

  #note(event: SupervisionEvent): void {
    this.lastFailure.note(event, this.state.phase.kind);
    if (event.kind === 'found') {
      // What told us of it, such as its pid file, may be gone when it is to be stopped.
      isClaimed(this.spec, event.process, this.#ports.claims);
      this.#watchStranger(event.process);
      if (this.state.phase.kind !== 'starting' && usesNotifications(this.spec)) void this.#ports.notifications.resume(this.spec, this.#mainPid);
    }
    const waited = this.#readinessWait?.process;
    // The end of a predecessor may be told after its successor was launched.
    const ended = event.kind === 'exited' && waited !== undefined && sameProcess(event.process, waited);
    if (ended || event.kind === 'want-down' || event.kind === 'restart') this.#readinessWait?.cancel();
  }

  #execute(effect: Effect): void {
    switch (effect.kind) {
      case 'launch':
        this.lastFailure.stop = undefined;
        this.oneShotArguments = effect.oneShotArguments;
        this.#launch(effect.oneShotArguments);
        return;
      case 'terminate':
        this.#terminate(effect.process);
        return;
      case 'arm-timer':
        this.#arm(effect.token, effect.delay);
        return;
      case 'disarm-timer':
        this.#timer?.cancel();
        this.#timer = undefined;
        return;
      case 'tell-cluster':
        this.#around.tellCluster(effect.process, effect.reason);
        return;
      case 'remember':
        this.#around.remember(effect.memory);
        return;
      case 'announce':
        this.#around.announce(effect);
        return;
    }
  }

  #arm(token: number, delay: number): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    // No delay: not even a turn of the loop.
    if (delay <= 0) this.#around.send({ kind: 'timer', token });
    else this.#timer = this.#ports.clock.after(delay, () => this.#around.send({ kind: 'timer', token }));
  }

  #launch(oneShotArguments: readonly string[]): void {
    const ground = layGround(this.spec, this.#around.setup.pass(), this.#ports.notifications, this.#mainPid);
    if (ground === undefined) {
      this.#launchNow(oneShotArguments, {});
      return;
    }
    ground.then(
      (laid) => {
        if (this.#released) return;
        if (!laid.ok) this.#launchFailed(laid.refusal);
        else if (this.state.phase.kind !== 'starting') this.#launchFailed(failed('canceled', 'called off before its process was started', ''));
        else this.#launchNow(oneShotArguments, laid.environment);
      },
      (error: unknown) => this.#launchFailed(undefined, String(error)),
    );
  }

  #launchNow(oneShotArguments: readonly string[], notifyEnvironment: Readonly<Record<string, string>>): void {
    const { spec } = this;
    const prepared = this.#ports.preparation.prepare(spec);
    if (prepared.kind === 'skipped') { this.#around.send({ kind: 'skipped', reason: prepared.reason }); return; }
    if (prepared.kind === 'running') {
      this.#around.send({ kind: 'found', process: prepared.process, reason: prepared.reason });
      if (usesNotifications(spec)) void this.#ports.notifications.resume(spec, this.#mainPid);
      this.#awaitReadiness(prepared.process);
      return;
    }
    if (prepared.kind === 'failed') { this.#launchFailed(prepared); return; }
    if (spec.background === 'always-forks') { this.#launchForking(oneShotArguments); return; }
    this.#ports.health.launching(spec);
    this.lastFailure.refusal = undefined;
    const launch = this.#ports.launcher.launch({
      spec,
      arguments: commandArguments(spec, 'foreground', prepared.variableArguments, oneShotArguments),
      environment: { ...prepared.environment, ...notifyEnvironment },
    });
    if (!launch.ok) { this.#launchFailed(launch.outcome); return; }
    const { process, exited, explain } = launch.child;
    this.#explain = explain;
    void exited.then((exit) => this.#around.inTurn(() => this.#ended(process, exit, explain?.(exit))));
    this.#around.send({ kind: 'launched', process });
    this.#awaitReadiness(process);
  }

  /** It can't be a child of ours: the service manager starts it, and we watch its process. */
  #launchForking(oneShotArguments: readonly string[]): void {
    const { spec } = this;
    this.#ports.manager.start([{ spec, oneShotArguments }]).then(
      ([outcome]) => {
        if (outcome?.kind === 'ok' && outcome.process !== undefined) {
          this.#around.send({ kind: 'launched', process: outcome.process });
          this.#watchStranger(outcome.process);
          this.#around.send({ kind: 'ready', process: outcome.process });
        } else if (outcome?.kind === 'skipped') this.#around.send({ kind: 'skipped', reason: outcome.reason });
        else this.#launchFailed(outcome);
      },
      (error: unknown) => this.#launchFailed(undefined, String(error)),
    );
  }

  #launchFailed(outcome: Outcome | undefined, why = 'its process is not known'): void {
    this.#around.send(this.lastFailure.launch(outcome, why));
  }

  #awaitReadiness(process: ProcessIdentity): void {
    const { clock, readiness } = this.#ports;
    const wait = awaitReadiness(this.spec, clock.monotonic(), process, clock, readiness, (result) => {
      if (result.ready) this.#around.send({ kind: 'ready', process });
      else this.#around.send({ kind: 'not-ready', process, reason: `${result.reason}${this.lastFailure.learn(this.#explain?.({ kind: 'unknown' }))}` });
    });
    this.#readinessWait = { process, cancel: () => wait.cancel() };
  }

  /** A daemon may name another process of its own as the main one (MAINPID= of sd_notify(3)). */
  readonly #mainPid = (pid: number): void => {
    const { phase } = this.state;
    if (this.#released || (phase.kind !== 'starting' && phase.kind !== 'running') || phase.process === undefined || phase.process.pid === pid) return;
    const process = provenMain(this.spec, pid, this.#ports);
    if (process === undefined) return;
    this.#watchStranger(process);
    this.#around.send({ kind: 'main-process', process, reason: `it named pid ${pid} as its main process` });
    if (phase.kind === 'running') return;
    this.#readinessWait?.cancel();
    this.#awaitReadiness(process);
  };

  /** Not our child: its end is seen, its exit status is not. */
  #watchStranger(process: ProcessIdentity): void {
    this.#exitWatch?.cancel();
    if (this.#released) return;
    this.#exitWatch = this.#ports.processes.onExit(process, () => this.#around.inTurn(() => this.#ended(process, { kind: 'unknown' }, undefined)));
  }

  /** What it said before it ended is heard first: it may have named its successor. */
  #ended(process: ProcessIdentity, exit: ExitStatus, explanation: Explanation | undefined): void {
    const tell = (): void => {
      // What we ended ourselves is explained by what we ended it for.
      const detail = this.state.phase.kind === 'stopping' ? (explanation?.detail ?? '') : this.lastFailure.learn(explanation);
      this.#around.send({ kind: 'exited', process, exit, detail });
    };
    if (usesNotifications(this.spec)) void this.#ports.notifications.heardOut().then(tell);
    else tell();
  }

  #terminate(process: ProcessIdentity): void {
    this.lastFailure.stop = undefined;
    void endDaemon(this.spec, process, this.#ports, () => this.#around.isHurried()).then((failure) => {
      if (failure === undefined) { this.#around.send({ kind: 'gone' }); return; }
      // More than its process is to be gone after a stop. That this one is, is known before its news are heard.
      if (!this.#ports.processes.isAlive(process)) this.#around.send({ kind: 'exited', process, exit: { kind: 'unknown' }, detail: '' });
      this.#around.send(this.lastFailure.stopping(failure));
    });
  }
}
