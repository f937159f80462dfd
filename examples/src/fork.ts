import { createStudy, float, MemoryArtifacts, minimize, type PrunerFactory } from 'attune'

const [members, interval, end] = [6, 5, 30]

/** Population-based training: each time all members have trained `interval` steps, a fork of the best one takes the place of the worst. */
const population: PrunerFactory = {
  specVersion: 'v1',
  id: 'population',
  create: ({ history }) => ({
    judge: () => 'continue',
    next({ random }) {
      if (history.length < members) return { suggest: true, toStep: interval }
      const paused = history.paused()
      if (paused.length === 0) return history.running().length > 0 ? 'wait' : { exhausted: 'the population is trained' }
      const stepOf = (number: number): number => history.curve(number).steps[history.curve(number).length - 1]!
      const lossOf = (number: number): number => history.curve(number).losses[history.curve(number).length - 1]!
      const step = Math.min(...paused.map(stepOf))
      // What it decides follows from the history alone: a fork that was made says whom it replaces, also after a crash.
      const forks = Array.from({ length: history.length - members }, (_, i) => history.trial(members + i))
      const replaced = paused.find((number) => forks.some(({ attributes }) => attributes['replaces'] === number))
      if (replaced !== undefined) return { prune: replaced }
      const upTo = step + interval < end ? { toStep: step + interval } : {}
      if (!forks.some(({ attributes }) => attributes['at'] === step)) {
        if (history.running().length > 0) return 'wait'
        const ranked = [...paused].sort((a, b) => lossOf(a) - lossOf(b))
        const [best, worst] = [ranked[0]!, ranked.at(-1)!]
        const { rate } = history.trial(best).flatParams
        return { fork: best, params: { rate: Math.min(1, (rate as number) * (random.uniform() < 0.5 ? 0.7 : 1.4)) }, ...upTo, attributes: { at: step, replaces: worst } }
      }
      return { promote: paused.find((number) => stepOf(number) === step)!, ...upTo }
    },
  }),
}

const study = await createStudy({ space: { rate: float(1e-3, 1, { scale: 'log' }) }, objective: minimize('loss'), pruner: population, artifacts: new MemoryArtifacts(), seed: 5, progress: false })

const { reason } = await study.optimize(async function* ({ params, resumeFrom, toStep = end }) {
  const weights = resumeFrom === undefined ? new Float64Array(2) : new Float64Array(resumeFrom.bytes.slice().buffer)
  for (let step = (resumeFrom?.step ?? 0) + 1; step <= toStep; step++) {
    // A narrow valley: what is quick across it is too quick for one who goes along it.
    weights[0]! -= params.rate * 1.8 * (weights[0]! - 1)
    weights[1]! -= params.rate * 0.1 * (weights[1]! - 1)
    yield { step, loss: 0.9 * (weights[0]! - 1) ** 2 + 0.05 * (weights[1]! - 1) ** 2, checkpoint: () => new Uint8Array(weights.slice().buffer) }
  }
}, { trials: 100, concurrency: 3 })

console.log(`${reason}: ${study.counts.complete} members, ${study.counts.pruned} were replaced.`)
for (let trial = study.best; ; trial = study.trial(trial.parent) as typeof trial) {
  console.log(`trial ${trial.number}: learning rate ${trial.params.rate.toFixed(3)}, steps ${trial.reports[0]!.step} to ${trial.reports.at(-1)!.step}${trial.parent === undefined ? '' : `, a fork of trial ${trial.parent}`}`)
  if (trial.parent === undefined) break
}
