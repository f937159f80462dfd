import { choice, createStudy, float, int, maximize, noProgress, oneOf, type Params } from '@attune/core'

const space = {
  kernel: oneOf({ linear: {}, polynomial: { degree: int(2, 5) }, radial: { gamma: float(1e-3, 10, { scale: 'log' }) } }),
  cost: float(1e-2, 1e2, { scale: 'log' }),
  shrinking: choice(['on', 'off']),
}

/** A stand-in for a cross-validated accuracy. */
function accuracy({ kernel, cost }: Params<typeof space>): number {
  const fit = kernel.type === 'radial' ? 0.95 - 0.1 * Math.abs(Math.log10(kernel.gamma) + 1) : kernel.type === 'polynomial' ? 0.9 - 0.02 * kernel.degree : 0.8
  return fit - 0.03 * Math.abs(Math.log10(cost) - 1)
}

const study = await createStudy({ space, objective: maximize('accuracy'), seed: 1 })
study.on((event) => {
  if (event.type === 'best.improved') console.log(event.trial.number, event.trial.value)
})
const { reason } = await study.optimize((trial) => accuracy(trial.params), { trials: 200, stop: noProgress(60), concurrency: 4 })
console.log(reason, study.best.params)
