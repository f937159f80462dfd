import { atMost, createStudy, float, int } from '@attune/core'
import { gp } from '@attune/samplers'

const study = await createStudy({
  space: { rate: float(1e-4, 1, { scale: 'log' }), units: int(8, 512, { scale: 'log' }), batch: int(8, 512, { scale: 'log' }) },
  constraints: { latencyMs: atMost(4) },
  sampler: gp(),
  seed: 1,
})
// Trainings diverge at high rates, and large nets need too much memory at large batches: such a trial throws, and the study goes on.
await study.optimize(({ params: { rate, units, batch } }) => {
  if (rate > 0.1) throw new Error('The loss is NaN.')
  if (units * batch > 2 ** 14) throw new Error('Out of memory.')
  return { value: (Math.log10(rate) + 1.2) ** 2 + 0.05 * (Math.log2(units) - 9) ** 2, latencyMs: units / 64 }
}, { trials: 60 })
const late = study.trials().slice(-30)
console.log(study.best.params, study.best.metrics['latencyMs'], late.filter(({ state }) => state === 'failed').length)
