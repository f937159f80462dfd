import { createStudy, float, minimize, type PrunerFactory } from 'attune'

/** Stops a trial whose loss has not improved for some steps. */
function patience(steps: number): PrunerFactory {
  return {
    specVersion: 'v1',
    id: 'patience',
    create: ({ history }) => ({
      judge({ number, step }) {
        const { length, steps: seen, losses } = history.curve(number)
        let best = 0
        for (let i = 1; i < length; i++) if (losses[i]! < losses[best]!) best = i
        return step - seen[best]! >= steps ? 'prune' : 'continue'
      },
    }),
  }
}

const study = await createStudy({ space: { learningRate: float(0.01, 1.2) }, objective: minimize('loss', { from: 'best' }), pruner: patience(3), seed: 4, progress: false })
await study.optimize(async function* ({ params }) {
  for (let step = 1, weight = 5; step <= 30; step++) {
    weight -= params.learningRate * 2 * weight
    yield { step, loss: weight ** 2 }
  }
}, { trials: 20 })
console.log(study.table().map(({ number, state, loss, learningRate }) => `${number} ${state} ${String(loss)} ${String(learningRate)}`).join('\n'))
