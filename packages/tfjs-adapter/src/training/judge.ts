import { tfjsError } from '../error.ts'
import type { Judgement } from './options.ts'

const PREFERRED: readonly string[] = ['valAccuracy', 'valLoss', 'accuracy', 'loss']
const MINIMIZED = /(loss|mse|mae|mape|crossentropy|error)$/i
const MAXIMIZED = /(accuracy|precision|recall|f1|auc)$/i

/** Tells which of two reports is better. */
export class Judge {
  readonly #option: string
  readonly #judgement: Judgement
  #chosen: { readonly metric: string; readonly direction: 'minimize' | 'maximize' } | undefined

  /** @param option as in messages */
  constructor(option: string, judgement: Judgement) {
    this.#option = option
    this.#judgement = judgement
  }

  /** The metric to look at. @throws AttuneError `TFJS_OPTION` for one that is not reported, or that needs a direction. */
  metricOf(reported: readonly string[]): string {
    return (this.#chosen ??= this.#choose(reported)).metric
  }

  /** Of two values of that metric: any number is better than NaN; equal ones are not better. */
  better(value: number, than: number, byMoreThan = 0): boolean {
    if (Number.isNaN(value) || Number.isNaN(than)) return !Number.isNaN(value)
    return this.#chosen?.direction === 'maximize' ? value > than + byMoreThan : value < than - byMoreThan
  }

  #choose(reported: readonly string[]): { readonly metric: string; readonly direction: 'minimize' | 'maximize' } {
    const { metric = PREFERRED.find((candidate) => reported.includes(candidate)) ?? 'loss', direction } = this.#judgement
    if (!reported.includes(metric)) throw tfjsError('TFJS_OPTION', `${this.#option} names the metric "${metric}", which is not reported; there are ${reported.join(', ')}.`)
    const way = direction ?? (MINIMIZED.test(metric) ? 'minimize' : MAXIMIZED.test(metric) ? 'maximize' : undefined)
    if (way === 'minimize' || way === 'maximize') return { metric, direction: way }
    const reason = direction === undefined ? `: the name "${metric}" does not say which` : `, got ${JSON.stringify(direction)}`
    throw tfjsError('TFJS_OPTION', `${this.#option}.direction is 'minimize' or 'maximize'${reason}.`)
  }
}
