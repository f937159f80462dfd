import { asha, float, int, maximize, tpe } from 'attune'

/** What the study is, for whoever makes it; sampler and pruner, which no file holds, for each worker. */
export const options = {
  space: { learningRate: float(1e-4, 1e-1, { scale: 'log' }), units: int(16, 256, { step: 16 }) },
  objective: maximize('accuracy'),
  sampler: tpe(),
  pruner: asha(),
  seed: 7,
}
