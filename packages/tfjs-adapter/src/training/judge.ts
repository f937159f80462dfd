import { tfjsError } from '../error.ts'
import type { Judgement } from './options.ts'

/** Which of two values of a metric is better. */
export interface Judge {
  readonly metric: string
  readonly direction: 'minimize' | 'maximize'
  /** Any number is better than NaN; equal ones are not better. */
  better(value: number, than: number, byMoreThan?: number): boolean
}

const PREFERRED: readonly string[] = ['valAccuracy', 'valLoss', 'accuracy', 'loss']
const MINIMIZED = /(loss|mse|mae|mape|crossentropy|error)$/i
const MAXIMIZED = /(accuracy|precision|recall|f1|auc)$/i

/** @throws AttuneError `TFJS_OPTION` for a metric that is not reported, or one that needs a direction. */
export function judgeOf(option: string, { metric, direction }: Judgement, reported: readonly string[]): Judge {
  const name = metric ?? PREFERRED.find((candidate) => reported.includes(candidate)) ?? 'loss'
  if (!reported.includes(name)) throw tfjsError('TFJS_OPTION', `${option} names the metric "${name}", which is not reported; there are ${reported.join(', ')}.`)
  const way = direction ?? (MINIMIZED.test(name) ? 'minimize' : MAXIMIZED.test(name) ? 'maximize' : undefined)
  if (way !== 'minimize' && way !== 'maximize') {
    throw tfjsError('TFJS_OPTION', `${option}.direction is 'minimize' or 'maximize', got ${JSON.stringify(direction)}${direction === undefined ? `: the name "${name}" does not say which` : ''}.`)
  }
  return {
    metric: name,
    direction: way,
    better: (value, than, byMoreThan = 0) => !Number.isNaN(value) && (Number.isNaN(than) || (way === 'maximize' ? value > than + byMoreThan : value < than - byMoreThan)),
  }
}
