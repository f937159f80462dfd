import { createStudy, float, MemoryArtifacts, minimize, type PrunerFactory, random } from 'attune'

const rungs = [1, 3, 9]
const end = 27

/** Trains each trial one step, and takes the best third of those at a rung to the next one, at last to the end. Nobody waits. */
const promoting: PrunerFactory = {
  specVersion: 'v1',
  id: 'promoting',
  create: ({ history }) => ({
    judge: () => 'continue', // A trial pauses at the step that it was given.
    next() {
      for (const [i, rung] of [...rungs.entries()].reverse()) {
        const { length, numbers, losses } = history.atStep(rung)
        const best = Array.from({ length }, (_, row) => row).sort((a, b) => losses[a]! - losses[b]!).slice(0, Math.floor(length / 3)).map((row) => numbers[row]!)
        const paused = best.find((number) => history.state(number) === 'paused' && history.curve(number).steps[history.curve(number).length - 1] === rung)
        if (paused !== undefined) return i + 1 < rungs.length ? { promote: paused, toStep: rungs[i + 1]! } : { promote: paused }
      }
      return { suggest: true, toStep: rungs[0]! }
    },
  }),
}

const study = await createStudy({ space: { rate: float(1e-3, 1, { scale: 'log' }) }, objective: minimize('loss'), sampler: random(), pruner: promoting, artifacts: new MemoryArtifacts(), seed: 2, progress: false })

// Finds the minimum of (w − 3)², step by step. Two lines let it pause: one goes on from saved bytes, the other saves them.
const { reason } = await study.optimize(async function* ({ params, resumeFrom, toStep = end }) {
  const weights = resumeFrom === undefined ? new Float64Array(1) : new Float64Array(resumeFrom.bytes.slice().buffer)
  for (let step = (resumeFrom?.step ?? 0) + 1; step <= toStep; step++) {
    weights[0]! -= params.rate * 2 * (weights[0]! - 3)
    yield { step, loss: (weights[0]! - 3) ** 2, checkpoint: () => new Uint8Array(weights.slice().buffer) }
  }
}, { trials: 27 })

const reached = (step: number): number => study.trials().filter(({ reports }) => reports.length >= step).length
const steps = study.trials().reduce((sum, { reports }) => sum + reports.length, 0)
console.log(`${reason}.`)
console.log(`Trials that came to step ${[...rungs, end].map((step) => `${step}: ${reached(step)}`).join(', ')}; ${steps} steps instead of ${27 * end}, each done once.`)
console.log(`The best has the learning rate ${study.best.params.rate.toFixed(2)}.`)
