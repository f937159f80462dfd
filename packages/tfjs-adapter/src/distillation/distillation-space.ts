import { float, logNormal, normal, type NumberLeaf } from '@attune/core'
import { refuseUnknownOptions, type OptionNames } from '../unknown-options.ts'

/** Bounds of `distillationSpace`, each a pair of low and high. */
export interface DistillationBounds {
  /** Default [1, 20]. */
  readonly temperature?: readonly [low: number, high: number]
  /** Default [0, 1]. */
  readonly hardLabelWeight?: readonly [low: number, high: number]
}

/**
 * The two parameters of distillation, to be spread into a space of one's own: `{ ...distillationSpace(), units: int(8, 64) }`.
 * The temperature is on a logarithmic scale with a prior around 4, and the weight of the labels has one around 0.3: students smaller than their
 * teacher do best at moderate temperatures, and labels with considerably less weight than the teacher (Hinton, Vinyals & Dean 2015, section 2). λ = 1 is
 * training without a teacher: it stays within the bounds, so that a search can find that the teacher does not help.
 * @throws AttuneError `TFJS_OPTION` for bounds of something else; as `float` for bounds that are none.
 */
export function distillationSpace(bounds: DistillationBounds = {}): { readonly temperature: NumberLeaf; readonly hardLabelWeight: NumberLeaf } {
  refuseUnknownOptions('distillationSpace', bounds, { temperature: true, hardLabelWeight: true } satisfies OptionNames<DistillationBounds>)
  const [coldest, warmest] = bounds.temperature ?? [1, 20]
  const [least, most] = bounds.hardLabelWeight ?? [0, 1]
  return {
    temperature: float(coldest, warmest, { scale: 'log', prior: logNormal(Math.log(4), 0.75) }),
    hardLabelWeight: float(least, most, { prior: normal(0.3, 0.3) }),
  }
}
