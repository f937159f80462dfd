import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createStudy, isAttuneError, MemoryStorage, minimize, random, tokens, type ArtifactStore, type Storage, type WriteRequest } from '@attune/core'
import { SqliteStorage } from '@attune/storage'
import { directoryStore } from '../../packages/node/src/artifacts/directory-artifacts.ts'
import { checkArtifacts, readBack, textOf, type Findings, type View } from './checks.ts'
import { Dice } from './dice.ts'
import { MemoryFiles, type DiskFaults } from './memory-files.ts'
import { finalLoss, lossAt, simObjective, simSpace } from './objectives.ts'
import { Oracle } from './oracle.ts'
import { scenarioOf, type Scenario } from './scenario.ts'
import { SimProcess } from './sim-process.ts'
import { NoAnswer, SimStorage, type StorageFaults } from './sim-storage.ts'
import { SharedTracker } from './shared-tracker.ts'
import { testScheduler } from './test-scheduler.ts'
import { Tracker } from './tracker.ts'
import { World } from './world.ts'

/** A part that is broken on purpose: the simulation must notice. */
export interface Twin {
  /** Instead of the storage of the scenario. */
  readonly storage?: (world: World) => Storage
  readonly alter?: (request: WriteRequest, oracle: Oracle) => WriteRequest
  readonly artifacts?: (files: MemoryFiles, process: SimProcess | undefined) => ArtifactStore
  /** Whoever takes a shared logger over does not ask its tracker what it has. */
  readonly forgetful?: boolean
  /** Runs with these settings in any case. */
  readonly scenario?: Partial<Scenario>
}

export interface SimulationOptions {
  readonly seed: number
  /** Steps in which things may go wrong; afterwards the study is let come to its end. */
  readonly steps: number
  readonly twin?: Twin
}

export interface SimulationResult {
  readonly scenario: Scenario
  /** What was broken; empty for a good run. */
  readonly violations: readonly string[]
  readonly traceHash: string
  readonly lines: readonly string[]
  readonly steps: number
  readonly trials: number
  readonly processes: number
  readonly kills: number
}

/** A run that is not over after so many steps hangs. */
const longestRun = 60_000
/** Milliseconds of virtual time that a study may take to end once nothing goes wrong any more. */
const longestEnd = 24 * 60 * 60 * 1000
/** Milliseconds after which a closed study has no timer any more, whatever user code does. */
const afterClose = 10_000
/** Milliseconds after which a session that writes nothing loses its turn. */
const sessionSilence = 11 * 60_000
/** Milliseconds that a logger's call may take. */
const loggerDeadline = 30_000
const hook = Symbol.for('@attune/core/failpoint')
const root = '/disk'

/** Failures at these places are answers that got lost, or requests that did: they may happen to whoever is there. */
const mayThrow: readonly string[] = ['access.before-write', 'access.after-write', 'storage.before-request', 'storage.before-commit', 'storage.after-commit', 'checkpoints.after-put', 'artifacts.before-sync', 'artifacts.before-rename']

/** Runs one seed: the real study on real storages, everything else of the seed's making. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  return new Simulation(options).run()
}

/** Longer than other files on purpose: what a worker does and what may happen to it must be seen side by side. */
class Simulation {
  readonly #options: SimulationOptions
  readonly #dice: Dice
  readonly #scenario: Scenario
  readonly #world: World
  readonly #oracle: Oracle
  readonly #faults: StorageFaults = { before: 0, lost: 0, downUntil: 0 }
  readonly #diskFaults: DiskFaults = { failing: 0, fullUntil: 0 }
  readonly #files: MemoryFiles
  readonly #processes: SimProcess[] = []
  readonly #trackers: Tracker[] = []
  /** Trackers that were sent what they had missed, with the revision that they must have come to. */
  readonly #caughtUp = new Map<Tracker, number>()
  readonly #shared: SharedTracker
  /** The revision that the shared tracker must have come to. */
  #sharedUpTo: number | undefined
  readonly #damaged = new Set<string>()
  readonly #opened: SqliteStorage[] = []
  /** What processes knew of the trials when they left. */
  readonly #views: View[] = []
  readonly #folder: string
  readonly #memory: Storage
  #chaos = true
  /** Since when nothing goes wrong any more. */
  #quietSince = 0
  #kills = 0
  #askedByHand = 0

  constructor(options: SimulationOptions) {
    this.#options = options
    this.#dice = new Dice(options.seed)
    this.#scenario = { ...scenarioOf(this.#dice), ...options.twin?.scenario }
    this.#world = new World(this.#dice)
    const { calm, byHand, goal } = this.#scenario
    this.#shared = new SharedTracker(this.#world, options.seed, options.twin?.forgetful === true)
    this.#oracle = new Oracle(this.#world, () => this.#processes, byHand > 0 ? Infinity : goal, calm)
    this.#files = new MemoryFiles(this.#world, this.#diskFaults, root)
    this.#folder = mkdtempSync(join(tmpdir(), 'attune-simulation-'))
    this.#memory = options.twin?.storage?.(this.#world) ?? new MemoryStorage(this.#world.clock)
    if (!calm) {
      Object.assign(this.#faults, { before: this.#dice.pick([0, 0.01, 0.05]), lost: this.#dice.pick([0, 0.01, 0.05]) })
      this.#diskFaults.failing = this.#dice.pick([0, 0, 0.03])
    }
  }

  async run(): Promise<SimulationResult> {
    const world = this.#world
    const hooks = globalThis as { [key: symbol]: unknown }
    hooks[hook] = (name: string): void => this.#reached(name)
    try {
      for (let i = 0; i < this.#scenario.workers; i++) await this.#start()
      while (world.violations.length === 0) {
        if (this.#chaos && world.steps >= this.#options.steps) this.#calmDown()
        if (this.#chaos) await this.#maybeHarm()
        if (await world.step()) {
          if (world.steps > longestRun || (!this.#chaos && world.now > this.#quietSince + longestEnd)) this.#hangs('it goes on for ever')
          continue
        }
        if (this.#chaos) this.#calmDown()
        const stuck = this.#processes.filter(({ alive, ended }) => alive && !ended)
        if (stuck.length > 0) this.#hangs(`${stuck.map(({ name }) => name).join(', ')} waits for nothing`)
        else if (!this.#done()) await this.#start()
        else if (this.#caughtUp.size < this.#trackers.length) await this.#catchUp()
        else if (this.#sharedUpTo === undefined) await this.#catchUpShared()
        else break
      }
      if (world.violations.length === 0) await readBack(this.#findings(), await this.#storage())
    } finally {
      delete hooks[hook]
      await Promise.all(this.#opened.map((storage) => storage.close()))
      rmSync(this.#folder, { recursive: true, force: true })
    }
    return {
      scenario: this.#scenario,
      violations: world.violations.map(({ message }) => message),
      traceHash: world.traceHash,
      lines: world.lines,
      steps: world.steps,
      trials: this.#oracle.length,
      processes: this.#processes.length,
      kills: this.#kills,
    }
  }

  #store(process?: SimProcess): ArtifactStore {
    return this.#options.twin?.artifacts?.(this.#files, process) ?? directoryStore(`${root}/store`, { onWarning: () => undefined }, this.#files.of(process))
  }

  #findings(): Findings {
    return { world: this.#world, oracle: this.#oracle, scenario: this.#scenario, artifacts: this.#store(), damaged: this.#damaged, trackers: this.#caughtUp, shared: { tracker: this.#shared, least: this.#sharedUpTo ?? 0 }, views: this.#views, askedByHand: this.#askedByHand }
  }

  #done(): boolean {
    return this.#oracle.count('complete', 'pruned', 'paused') >= this.#scenario.goal
  }

  #hangs(how: string): void {
    const pending = this.#world.pending.map(({ process, label, at }) => `${process?.name ?? '-'} ${label} at ${at - this.#world.now}`)
    this.#world.violated('P16', `the run does not end: ${how}; pending: ${pending.slice(0, 10).join(', ')}`)
  }

  /** Nothing goes wrong from here on, so the study must come to its end. */
  #calmDown(): void {
    this.#chaos = false
    this.#quietSince = this.#world.now
    Object.assign(this.#faults, { before: 0, lost: 0, downUntil: 0 })
    Object.assign(this.#diskFaults, { failing: 0, fullUntil: 0 })
    this.#world.trace('nothing goes wrong any more')
  }

  async #storage(): Promise<Storage> {
    if (this.#scenario.storage !== 'file' || this.#options.twin?.storage !== undefined) return this.#memory
    const storage = await SqliteStorage.open({ path: join(this.#folder, 'study.db'), clock: this.#world.clock })
    this.#opened.push(storage)
    return storage
  }

  /** One more process only opens the study, and closes it again: by then its logger has all that happened before. */
  async #catchUp(): Promise<void> {
    const tracker = this.#trackers.find((each) => !this.#caughtUp.has(each))!
    this.#caughtUp.set(tracker, this.#oracle.log.length)
    await this.#start(tracker)
  }

  /** The same for what all log to: by then nobody knows any more whether those that died elsewhere live. */
  async #catchUpShared(): Promise<void> {
    this.#world.now += sessionSilence
    this.#sharedUpTo = this.#oracle.log.length
    await this.#start(new Tracker(this.#world))
  }

  async #start(behind?: Tracker): Promise<void> {
    const { machines, latency, storage: kind, thread } = this.#scenario
    const dice = this.#dice
    const process = new SimProcess(this.#world, `w${this.#processes.length}`, `m${dice.below(machines)}`, dice.below(7_200_000) - 3_600_000)
    const { alter } = this.#options.twin ?? {}
    const storage = new SimStorage({ world: this.#world, process, real: await this.#storage(), oracle: this.#oracle, faults: this.#faults, latency, kind, thread, alter: alter === undefined ? undefined : (request) => alter(request, this.#oracle) })
    let tracker = behind ?? this.#trackers.find(({ owner }) => owner === undefined || !owner.alive || owner.ended)
    if (tracker === undefined) this.#trackers.push((tracker = new Tracker(this.#world)))
    const logger = tracker.factory(process)
    this.#processes.push(process)
    this.#world.trace(`${process.name} starts on ${process.machine}`)
    await this.#world.as(process, () => void this.#program(process, storage, logger, behind !== undefined).then(
      (said) => this.#ended(process, said),
      (error: unknown) => this.#ended(process, error),
    ))
  }

  /** What a process does from its start to its end. */
  async #program(process: SimProcess, storage: Storage, logger: ReturnType<Tracker['factory']>, onlyLooks: boolean): Promise<string> {
    const { artifacts, keep, scheduler, lease, goal, concurrency, retry, checkpointEvery, pace, byHand, trialTimeout } = this.#scenario
    const store = this.#store(process)
    const study = await createStudy({
      name: 'simulated',
      space: simSpace,
      objective: minimize('loss'),
      sampler: random(),
      ...(scheduler ? { pruner: testScheduler() } : {}),
      ...(artifacts ? { artifacts: store, keep } : {}),
      storage,
      loggers: [logger, this.#shared.factory(process)],
      seed: this.#options.seed,
      lease,
      ifExists: 'resume',
      use: [{ register: (registry) => {
        registry.value(tokens.clock, process.clock)
        registry.value(tokens.host, process.host(() => this.#processes))
      } }],
    })
    process.study = study
    try {
      if (onlyLooks) return 'it has looked'
      if (byHand > 0 && this.#dice.chance(0.5)) return await this.#byHand(process)
      const { reason } = await study.optimize(simObjective(this.#world, process, pace), { trials: goal, concurrency, retry, checkpointEvery, grace: 2000, signal: process.controller.signal, ...(trialTimeout === undefined ? {} : { trialTimeout }) })
      return reason
    } finally {
      this.#views.push({ name: process.name, revision: study.columns.revision, text: textOf(study.trials()) })
      await study.close()
    }
  }

  /** Drives trials by hand: asks, reports, tells, or leaves them untold. */
  async #byHand(process: SimProcess): Promise<string> {
    const study = process.study!
    const dice = this.#dice
    for (let i = 0; i < this.#scenario.byHand; i++) {
      this.#askedByHand++
      const trial = await study.ask()
      for (let step = (trial.resumeFrom?.step ?? 0) + 1; step <= 3; step++) {
        await process.sleep(dice.below(this.#scenario.pace))
        if ((await trial.report({ step, loss: lossAt(trial.params, step) })) === 'stop') break
      }
      const roll = dice.uniform()
      if (roll < 0.1) continue // Never told: closing gives it back.
      if (roll < 0.2) await study.fail(trial, new Error(`sim: by hand ${trial.number}`))
      else if (roll < 0.3) await study.prune(trial)
      else await study.tell(trial, finalLoss(trial.params))
    }
    return 'asked by hand'
  }

  #ended(process: SimProcess, said: unknown): void {
    if (!process.alive) return
    process.ended = true
    this.#world.trace(`${process.name} ends: ${said instanceof Error ? said.message.slice(0, 60) : String(said)}`)
    const expected = typeof said === 'string' || said instanceof NoAnswer || isAttuneError(said, 'STUDY_CLOSED') || (isAttuneError(said, 'OBJECTIVE_FAILS') && this.#scenario.trialTimeout !== undefined) || (isAttuneError(said) && this.#scenario.byHand > 0 && ['TRIAL_ENDED', 'TRIAL_STATE'].includes(said.code))
    if (!expected) this.#world.violated('P17', `${process.name} ended with ${said instanceof Error ? said.stack ?? said.message : String(said)}`)
    // User code that outlives its grace may still wait for a write that is repeated: that is over by then.
    this.#world.add({ at: this.#world.now + afterClose, label: `timers of ${process.name}`, run: () => {
      // A logger's call that outlasted its deadlines has one of its own, which keeps no process alive.
      const left = process.alive ? process.timers.filter((label) => label !== `timer of ${loggerDeadline}`) : []
      if (left.length > 0) this.#world.violated('P16', `${process.name} has closed its study and left timers: ${left.join(', ')}`)
    } })
  }

  /** Called at every failpoint: in the midst of what a process does it may die, or fail. */
  #reached(name: string): void {
    const process = this.#processes.find((each) => each === this.#world.current)
    if (process === undefined || !process.alive || !this.#chaos) return
    if (this.#dice.chance(0.004)) {
      this.#kill(process, `at ${name}`)
      throw new NoAnswer(`dead at ${name}`)
    }
    if (!this.#scenario.calm && mayThrow.includes(name) && this.#dice.chance(0.01)) {
      this.#world.trace(`${process.name} fails at ${name}`)
      throw new NoAnswer(`failed at ${name}`)
    }
  }

  #kill(process: SimProcess, how: string): void {
    this.#kills++
    this.#world.trace(`${process.name} is killed ${how}`)
    process.kill()
  }

  /** Now and then something goes wrong. */
  async #maybeHarm(): Promise<void> {
    const { calm, lease, storage } = this.#scenario
    const dice = this.#dice
    const world = this.#world
    const living = this.#processes.filter(({ alive, ended }) => alive && !ended)
    if (living.length === 0) {
      if (this.#done()) this.#calmDown()
      else await this.#start()
      return
    }
    if (!dice.chance(0.03)) return
    const process = dice.pick(living)
    const roll = dice.below(calm ? 5 : 11)
    if (roll === 0) this.#kill(process, 'from outside')
    else if (roll === 1) {
      if (living.length < 6) await this.#start()
    } else if (roll === 2) {
      world.trace(`${process.name} is asked to leave`)
      const how = dice.below(3)
      await world.as(process, () => {
        if (how === 0) process.study?.stop()
        else if (how === 1) process.controller.abort()
        else process.study?.close().catch(() => undefined) // Told by the program's own close.
      })
    } else if (roll <= 4) {
      process.blockedUntil = world.now + Math.floor(dice.between(0, 3 * lease))
      world.trace(`${process.name} blocks its event loop`)
    } else if (roll <= 7) {
      process.frozenUntil = world.now + Math.floor(dice.between(0, 3 * lease))
      world.trace(`${process.name} is frozen`)
    } else if (roll === 8) {
      this.#faults.downUntil = world.now + dice.below(3000)
      world.trace('the storage is away')
    } else if (roll === 9) {
      if (dice.chance(0.5)) this.#diskFaults.fullUntil = world.now + dice.below(5000)
      else {
        const hash = this.#files.damage()
        if (hash !== undefined) this.#damaged.add(hash)
      }
      world.trace('the disk is full or damaged')
    } else if (storage === 'server' && dice.chance(0.3)) {
      world.trace('the power fails') // Of the machines with the workers and their disk; the server has its own.
      for (const each of living) this.#kill(each, 'by the power')
      this.#files.losePower()
      await checkArtifacts(this.#findings())
    }
  }
}
