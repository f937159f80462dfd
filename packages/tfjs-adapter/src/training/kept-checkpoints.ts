import type { TrainerTrial } from '@attune/core'
import { TFJS_CHECKPOINT_KIND } from '../artifact.ts'
import { messageOf } from '../error.ts'
import { Judge } from './judge.ts'
import type { LoopSettings } from './loop-settings.ts'
import type { TrainingReport } from './training-report.ts'

/** A checkpoint that is kept with the trial under a name. */
export interface KeptCheckpoint {
  readonly name: string
  readonly step: number
  /** Of the metric that tells good from bad; NaN for the last one. */
  readonly value: number
  readonly bytes: number
}

const LAST = 'checkpoint-last'

/** Keeps the last and the best checkpoints of a trial as its artefacts, within a number of bytes. That it cannot is a warning, once. */
export class KeptCheckpoints {
  readonly #trial: Pick<TrainerTrial, 'setArtifact' | 'warn'>
  readonly #settings: Pick<LoopSettings, 'keep' | 'maxBytes'>
  readonly #judge: Judge
  #kept: readonly KeptCheckpoint[] = []
  #warned = false

  constructor(trial: Pick<TrainerTrial, 'setArtifact' | 'warn'>, settings: Pick<LoopSettings, 'keep' | 'maxBytes'>) {
    this.#trial = trial
    this.#settings = settings
    this.#judge = new Judge('checkpoints', settings.keep.judgement)
  }

  get state(): readonly KeptCheckpoint[] {
    return this.#kept
  }

  restore(kept: readonly KeptCheckpoint[]): void {
    this.#kept = kept
  }

  /** True if a checkpoint of so many bytes may be made at all. */
  allows(bytes: number): boolean {
    if (bytes <= this.#settings.maxBytes) return true
    this.#warn(`A checkpoint of this trial has about ${bytes} bytes, and checkpoints.maxBytes is ${this.#settings.maxBytes}: it trains without, and starts again if it is interrupted.`)
    return false
  }

  /** Keeps the checkpoint of a report, if it is one to keep. `judged`: whether it has the metrics of the validation data, or there are none. */
  async offer({ step, metrics }: TrainingReport, judged: boolean, pack: () => Promise<Uint8Array>): Promise<void> {
    const value = judged && this.#settings.keep.best > 0 ? (metrics[this.#judge.metricOf(Object.keys(metrics))] as number) : undefined
    const { free, worst } = value === undefined ? {} : this.#places()
    const better = worst !== undefined && this.#judge.better(value as number, worst.value) ? worst.name : undefined
    if (free === undefined && better === undefined && !this.#settings.keep.last) return
    const bytes = await pack()
    // A free place is of no use where there is no room for one more: then the best ones are fewer, and still the best.
    const best = free !== undefined && (better === undefined || this.#total(free, bytes) <= this.#settings.maxBytes) ? free : better
    if (best !== undefined) await this.#keep({ name: best, step, value: value as number, bytes: bytes.length }, bytes)
    if (this.#settings.keep.last) await this.#keep({ name: LAST, step, value: NaN, bytes: bytes.length }, bytes)
  }

  /** Of the best ones: a name that is free, and the worst that is kept. */
  #places(): { readonly free?: string | undefined; readonly worst?: KeptCheckpoint | undefined } {
    const names = Array.from({ length: this.#settings.keep.best }, (_, index) => `checkpoint-best-${index + 1}`)
    const taken = this.#kept.filter(({ name }) => names.includes(name))
    return {
      free: names.find((name) => !taken.some((kept) => kept.name === name)),
      worst: taken.length === 0 ? undefined : taken.reduce((left, right) => (this.#judge.better(left.value, right.value) ? right : left)),
    }
  }

  /** What all would have together with this one. */
  #total(name: string, bytes: Uint8Array): number {
    return this.#kept.reduce((sum, kept) => sum + (kept.name === name ? 0 : kept.bytes), bytes.length)
  }

  async #keep(kept: KeptCheckpoint, bytes: Uint8Array): Promise<void> {
    const total = this.#total(kept.name, bytes)
    if (total > this.#settings.maxBytes) {
      this.#warn(`The kept checkpoints of this trial would have ${total} bytes, and checkpoints.maxBytes is ${this.#settings.maxBytes}: "${kept.name}" of step ${kept.step} is not kept. Keep fewer, or allow more.`)
      return
    }
    try {
      await this.#trial.setArtifact(kept.name, bytes, { kind: TFJS_CHECKPOINT_KIND, meta: kept.name === LAST ? { step: kept.step } : { step: kept.step, value: kept.value } })
      this.#kept = [...this.#kept.filter(({ name }) => name !== kept.name), kept]
    } catch (error) {
      this.#warn(`The checkpoint "${kept.name}" of step ${kept.step} could not be kept: ${messageOf(error)}`)
    }
  }

  #warn(message: string): void {
    if (this.#warned) return
    this.#warned = true
    this.#trial.warn(message)
  }
}
