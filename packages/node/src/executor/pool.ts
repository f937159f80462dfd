import { AttuneError, type Execution, type ModuleReference, type Report, type TrainerTrial, type TrainingResult } from '@attune/core'
import { RemoteTrial, type Gate } from './remote-trial.ts'
import type { Runner, StartRunner } from './runner.ts'

/** Milliseconds that a child may take to free what it kept of a trial, or to end by itself: then it is ended by force. */
const patience = 2000

/** A place for one trial at a time, and the child that runs them there. */
interface Slot {
  readonly index: number
  taken: boolean
  runner: Runner | undefined
  trial: RemoteTrial | undefined
  /** The number of the trial that ran here last. */
  last: number | undefined
  /** Modules that the child has loaded. */
  readonly loaded: Set<string>
  /** Its child was asked to end. */
  dismissed: boolean
}

type Waiting = (slot: Slot | undefined) => void

/** Threads or child processes that run trials, one each at a time. They are started when they are needed, and used again. */
export class RunnerPool {
  readonly #count: number
  readonly #start: StartRunner
  readonly #slots: Slot[] = []
  readonly #waiting: Waiting[] = []
  /** What the next trial tells the user: children that have ended between trials. */
  readonly #notices: string[] = []
  readonly #gate: Gate
  #runs = 0
  /** Resolves when the exclusive work that goes on has ended. */
  #exclusive: Promise<void> | undefined
  #exclusiveSince = 0
  #exclusiveTime = 0
  #lastExclusive: Promise<unknown> = Promise.resolve()
  #changed = Promise.withResolvers<void>()

  /** @param count How many children there may be. */
  constructor(count: number, start: StartRunner) {
    this.#count = count
    this.#start = start
    this.#gate = {
      open: async (signal) => {
        while (this.#exclusive !== undefined && !signal.aborted) await Promise.race([this.#exclusive, aborted(signal)])
      },
      changed: () => {
        this.#changed.resolve()
        this.#changed = Promise.withResolvers()
      },
    }
  }

  /** @param module Allowed, with its real URL. */
  run(module: ModuleReference, trial: TrainerTrial): Execution {
    let slot: Slot | undefined
    let over = false
    let giveUp = (): void => undefined
    let held = (): number => 0
    const begin = async (): Promise<RemoteTrial | undefined> => {
      const taken = await this.#take(module.url, trial.signal, (cancel) => (giveUp = cancel))
      if (over) {
        if (taken !== undefined) await this.#free(taken)
        return undefined
      }
      if (taken === undefined) {
        if (trial.signal.aborted) return undefined
        throw new AttuneError('TRIAL_CRASHED', 'The executor was closed before the trial began.')
      }
      slot = taken
      const from = this.#exclusiveTotal()
      held = () => this.#exclusiveTotal() - from
      await this.#gate.open(trial.signal) // A child that starts computes, too.
      return slot === undefined || trial.signal.aborted ? undefined : this.#begin(taken, module, trial)
    }
    const finish = (): void => {
      const total = held()
      held = () => total
    }
    return {
      reports: reportsOf(begin, finish),
      heldFor: () => held(),
      end: async () => {
        over = true
        giveUp()
        const taken = slot
        slot = undefined // From here on it is another trial's.
        if (taken !== undefined) await this.#free(taken)
      },
    }
  }

  /** Runs `work` while no trial computes: children that can be held are held, others are waited for until their next report. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#lastExclusive.then(() => this.#alone(work))
    this.#lastExclusive = turn.catch(() => undefined)
    return turn
  }

  /** Ends all children; idle ones may release their trainers first. Resolves once they are gone. A later trial starts others. */
  async close(): Promise<void> {
    for (const waiting of this.#waiting.splice(0)) waiting(undefined)
    await Promise.all(
      this.#slots.map(async (slot) => {
        slot.dismissed = true
        if (slot.runner !== undefined) await (slot.taken ? slot.runner.kill() : dismiss(slot.runner))
      }),
    )
  }

  /** A free slot, one that has loaded the module if possible; undefined if it was given up, or the pool is closed. */
  #take(url: string, signal: AbortSignal, cancellable: (cancel: () => void) => void): Promise<Slot | undefined> {
    const free = this.#slots.filter(({ taken }) => !taken)
    const slot = free.find(({ loaded }) => loaded.has(url)) ?? free.find(({ runner }) => runner !== undefined) ?? free[0] ?? this.#newSlot()
    if (slot !== undefined) {
      slot.taken = true
      return Promise.resolve(slot)
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      const cancel = (): void => {
        const place = this.#waiting.indexOf(resolve)
        if (place >= 0) this.#waiting.splice(place, 1)
        resolve(undefined)
      }
      cancellable(cancel)
      signal.addEventListener('abort', cancel, { once: true })
    })
  }

  #newSlot(): Slot | undefined {
    if (this.#slots.length >= this.#count) return undefined
    const slot: Slot = { index: this.#slots.length, taken: false, runner: undefined, trial: undefined, last: undefined, loaded: new Set(), dismissed: false }
    this.#slots.push(slot)
    return slot
  }

  #begin(slot: Slot, module: ModuleReference, trial: TrainerTrial): RemoteTrial {
    for (const notice of this.#notices.splice(0)) trial.warn(notice)
    const runner = slot.runner?.alive === true ? slot.runner : (slot.runner = this.#startRunner(slot))
    const { study, number, attempt, params, seed, toStep, resumeFrom } = trial
    slot.last = number
    slot.loaded.add(module.url)
    slot.trial = new RemoteTrial(runner, { type: 'run', run: this.#runs++, module: { url: module.url, name: module.name }, study, number, attempt, params, seed, toStep, resumeFrom }, trial, this.#gate)
    runner.busy(true)
    return slot.trial
  }

  #startRunner(slot: Slot): Runner {
    slot.loaded.clear()
    slot.dismissed = false
    const runner: Runner = this.#start(slot.index, {
      message: (response) => {
        if (slot.runner === runner) slot.trial?.receive(response)
      },
      ended: (error) => {
        const current = slot.runner === runner
        if (current) slot.runner = undefined
        if (current && slot.trial !== undefined) slot.trial.crashed(error)
        else if (!slot.dismissed) this.#notices.push(`A ${runner.name} ended after trial ${slot.last} was over; another takes its place. ${error.message}`)
      },
    })
    return runner
  }

  async #free(slot: Slot): Promise<void> {
    const { trial, runner } = slot
    try {
      // What did not end in time is ended, and so is what does not let go.
      if (runner !== undefined && !((trial?.over ?? true) && (await inTime(trial?.end())))) await runner.kill()
    } finally {
      slot.trial = undefined
      slot.runner?.busy(false)
      const next = this.#waiting.shift()
      slot.taken = next !== undefined
      next?.(slot)
    }
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const over = Promise.withResolvers<void>()
    this.#exclusive = over.promise
    this.#exclusiveSince = performance.now()
    const computing = (): readonly RemoteTrial[] => this.#slots.flatMap(({ trial }) => (trial?.computing === true ? [trial] : []))
    const releases: (() => void)[] = []
    try {
      for (const trial of computing()) {
        const release = trial.hold()
        if (release !== undefined) releases.push(release)
      }
      while (computing().some((trial) => !trial.held)) await this.#changed.promise
      return await work()
    } finally {
      for (const release of releases) release()
      this.#exclusiveTime += performance.now() - this.#exclusiveSince
      this.#exclusive = undefined
      over.resolve()
    }
  }

  /** Milliseconds that exclusive work has taken so far. */
  #exclusiveTotal(): number {
    return this.#exclusiveTime + (this.#exclusive === undefined ? 0 : performance.now() - this.#exclusiveSince)
  }
}

async function dismiss(runner: Runner): Promise<void> {
  runner.busy(true) // Somebody waits for its end.
  runner.send({ type: 'close' })
  if (!(await inTime(runner.gone))) await runner.kill()
}

/** The reports of a trial, as the study pulls them. */
async function* reportsOf(begin: () => Promise<RemoteTrial | undefined>, finish: () => void): AsyncGenerator<Report, TrainingResult, void> {
  const trial = await begin()
  if (trial === undefined) return undefined
  let waits = false
  try {
    for (;;) {
      const { done, value } = await trial.next()
      if (done === true) return value
      waits = true
      yield value
      waits = false
    }
  } finally {
    finish()
    if (waits) await trial.stop()
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** False if it is not done before patience ends, or fails. */
async function inTime(work: Promise<unknown> | undefined): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), patience)))
  try {
    return await Promise.race([Promise.resolve(work).then(() => true, () => false), late])
  } finally {
    clearTimeout(timer)
  }
}
