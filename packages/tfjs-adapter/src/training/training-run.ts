import type { TrainerTrial } from '@attune/core'
import type { Batch } from '../data/batch-source.ts'
import { dataError } from '../data/data-error.ts'
import { packCheckpoint } from '../format/checkpoint-file.ts'
import { clipGradients } from '../optimizers/clip-gradients.ts'
import type { Tensor } from '../tensorflow.ts'
import { divergence } from './failures.ts'
import { brokenWeight } from './finite-weights.ts'
import { GradientSum } from './gradient-sum.ts'
import { Meter, type BrokenBatch } from './meter.ts'
import { Milestones, type Due } from './milestones.ts'
import type { TrainingParts } from './training-parts.ts'
import type { TrainingReport } from './training-report.ts'
import type { TrainingPosition, TrainingState } from './training-state.ts'
import { turn } from './turn.ts'
import { disposeBatch, judge, pull } from './validation.ts'

/** A batch, for messages. */
interface BatchPlace {
  readonly where: string
  /** Of the optimiser, from 1: the one that the batch is for. */
  readonly step: number
}

/** One trial's training: the loop over epochs, batches and steps. */
export class TrainingRun {
  readonly #parts: TrainingParts
  readonly #trial: Pick<TrainerTrial, 'signal' | 'seed'>
  readonly #milestones: Milestones
  readonly #sum: GradientSum
  readonly #meter: Meter<BatchPlace>
  #position: TrainingPosition = { epochsDone: 0, batches: 0, samples: 0, steps: 0 }
  #last: TrainingReport | undefined
  #step = 0
  #underWay = true

  constructor(parts: TrainingParts, trial: Pick<TrainerTrial, 'signal' | 'seed' | 'toStep'>) {
    this.#parts = parts
    this.#trial = trial
    this.#milestones = new Milestones(parts.settings, trial.toStep)
    this.#sum = new GradientSum(parts.tf, parts.settings.accumulate)
    this.#meter = new Meter(parts.tf)
  }

  /** True from when a report was left behind until the next one: there is no state to save. */
  get underWay(): boolean {
    return this.#underWay
  }

  /** Of the last report, or of the checkpoint that training goes on from. */
  get step(): number {
    return this.#step
  }

  get stoppedEarly(): boolean {
    return this.#parts.stopping?.over ?? false
  }

  /** Trains on, one report after the other, to the end or to an abort, which is seen before every batch. */
  async *reports(): AsyncGenerator<TrainingReport, void, void> {
    while (!this.stoppedEarly && !this.#milestones.reached(this.#position) && !this.#trial.signal.aborted) yield* this.#epoch()
  }

  /** The model of the best report (or the last), and what to say of it. Training cannot go on afterwards. */
  async finish(): Promise<{ readonly kind: string; readonly bytes: Uint8Array; readonly about: { readonly [key: string]: number | string } }> {
    const { program, settings } = this.#parts
    const best = this.#parts.best?.report
    if (best !== undefined) this.#parts.best?.restoreTo(program.weights)
    const { kind, bytes } = await program.pack()
    return {
      kind,
      bytes,
      about: {
        [settings.report === 'epoch' ? 'epoch' : 'step']: best?.step ?? this.#step,
        ...(best === undefined ? {} : { [best.metric]: best.value }),
        ...(this.stoppedEarly ? { stoppedEarly: this.#step } : {}),
        ...program.about,
      },
    }
  }

  /** Everything as it is now; its tensors stay whose they are. */
  state(): TrainingState {
    const { program, optimizer, schedule, stopping, best, kept } = this.#parts
    return {
      step: this.#step,
      seed: this.#trial.seed,
      batchSize: this.#parts.settings.batchSize,
      position: this.#position,
      weights: program.weights.map(({ key, name, variable }) => ({ key, name, tensor: variable })),
      optimizer: optimizer.state(),
      schedule: schedule.state(),
      meter: this.#meter.state,
      stopping: stopping?.state,
      best: best?.report === undefined ? undefined : { ...best.report, tensors: best.report.step === this.#step ? undefined : best.tensors },
      kept: kept.state,
      topology: program.topology,
    }
  }

  /** Goes on from a position; whoever calls has put back weights, optimiser and the rest. */
  resume({ step, position, meter }: Pick<TrainingState, 'step' | 'position' | 'meter'>): void {
    this.#step = step
    this.#position = position
    this.#meter.restore(meter)
  }

  dispose(): void {
    this.#sum.dispose()
    this.#meter.reset()
    this.#parts.best?.dispose()
    this.#parts.optimizer.dispose()
    this.#parts.program.dispose()
  }

  async *#epoch(): AsyncGenerator<TrainingReport, void, void> {
    const { tf, data, settings } = this.#parts
    const epoch = this.#position.epochsDone + 1
    const source = data.train.batches({ batchSize: settings.batchSize, epoch, shuffleSeed: settings.shuffle ? this.#trial.seed : undefined, skip: this.#position.batches })
    let batch: Batch | undefined
    try {
      batch = await pull(source)
      if (batch === undefined) throw dataError(`${data.train.name} has no batch after the ${this.#position.batches} of epoch ${epoch} that were trained on: it is not the data set of the checkpoint`)
      while (batch !== undefined) {
        if (this.#trial.signal.aborted) return
        if (this.#learn(batch, epoch)) this.#require(await this.#meter.settle())
        disposeBatch(tf, batch)
        batch = undefined
        await turn()
        // Known before the step is made: whether it is the last of the epoch.
        batch = await pull(source)
        if (!this.#sum.full && batch !== undefined) continue
        this.#makeStep(epoch)
        if (batch === undefined) this.#position = { epochsDone: epoch, batches: 0, samples: 0, steps: this.#position.steps }
        const due = this.#milestones.after({ steps: this.#position.steps, epoch, lastOfEpoch: batch === undefined })
        if (due.report === undefined) continue
        const report = await this.#report(due)
        if (report === undefined) return
        this.#underWay = false
        await this.#keep(report, due)
        yield report
        this.#underWay = true
        if (this.stoppedEarly || this.#milestones.reached(this.#position)) return
      }
    } finally {
      if (batch !== undefined) disposeBatch(tf, batch)
      await source.return()
    }
  }

  /** True if the meter is to be settled. */
  #learn(batch: Batch, epoch: number): boolean {
    const { batches, samples, steps } = this.#position
    const { scores, gradients } = this.#parts.program.gradients(batch, { epoch, batch: batches })
    this.#sum.add(gradients, batch.size)
    this.#position = { ...this.#position, batches: batches + 1, samples: samples + batch.size }
    return this.#meter.add(scores, batch.size, { where: `in batch ${batches + 1} of epoch ${epoch}`, step: steps + 1 })
  }

  #makeStep(epoch: number): void {
    const { tf, program, optimizer, schedule, settings } = this.#parts
    const { steps } = this.#position
    let gradients: { readonly [key: string]: Tensor } = this.#sum.take()
    try {
      if (settings.clip !== undefined) {
        const clipped = clipGradients(tf, gradients, settings.clip)
        clipped.norm?.dispose()
        tf.dispose(gradients)
        gradients = clipped.gradients
      }
      optimizer.apply(program.trainable(epoch), gradients, schedule.rateAt({ step: steps, epoch: epoch - 1 }))
      program.afterStep?.()
    } finally {
      tf.dispose(gradients)
    }
    this.#position = { ...this.#position, steps: steps + 1 }
  }

  /** Undefined if the signal aborted meanwhile. */
  async #report({ step, report, validate }: Due): Promise<TrainingReport | undefined> {
    const { data, schedule, stopping, best, program } = this.#parts
    this.#require(await this.#meter.settle())
    const broken = await brokenWeight(this.#parts.tf, program.weights)
    if (broken !== undefined) throw divergence({ problem: `the weight ${broken.key} holds ${broken.value}`, metric: 'weights', value: broken.value, step: this.#position.steps }, this.#last)
    const means = this.#meter.means()
    const judged = validate && data.validation !== undefined ? await judge(this.#parts, data.validation, this.#trial.signal, (broken) => this.#require(broken === undefined ? undefined : { value: broken.value, at: { where: broken.at, step: this.#position.steps } }, 'valLoss')) : undefined
    if (this.#trial.signal.aborted) return undefined
    const metrics = { ...means, ...judged }
    this.#step = step
    this.#last = { step, metrics }
    if (report === 'regular') {
      this.#meter.reset()
      if (judged !== undefined || data.validation === undefined) {
        schedule.observe?.(metrics)
        stopping?.observe(metrics)
        best?.offer(program.weights, step, metrics)
      }
    }
    return this.#last
  }

  /** Undefined if it would be larger than it may be. */
  checkpoint(): (() => Promise<Uint8Array>) | undefined {
    const { tf, kept } = this.#parts
    const { weights, optimizer, best } = this.state()
    const tensors = [...weights.map(({ tensor }) => tensor), ...optimizer.slots.map(({ tensor }) => tensor), ...(best?.tensors ?? [])]
    const bytes = tensors.reduce((sum, { size, dtype }) => sum + size * (dtype === 'bool' ? 1 : 4), 0)
    return kept.allows(bytes) ? () => packCheckpoint(tf, this.state()) : undefined
  }

  async #keep(report: TrainingReport, { report: kind, validate }: Due): Promise<void> {
    const pack = kind === 'regular' ? this.checkpoint() : undefined
    if (pack !== undefined) await this.#parts.kept.offer(report, validate || this.#parts.data.validation === undefined, pack)
  }

  #require(broken: BrokenBatch<BatchPlace> | undefined, metric = 'loss'): void {
    if (broken === undefined) return
    const { value, at } = broken
    throw divergence({ problem: `${metric} is ${value} ${at.where}`, metric, value, step: at.step }, this.#last)
  }
}
