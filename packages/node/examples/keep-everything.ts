import { createStudy, float, int, maximize, tokens } from '@attune/core'
import { directoryArtifacts, nodeHost, progress } from '@attune/node'

const study = await createStudy({
  name: 'curves',
  space: { learningRate: float(1e-4, 1e-1, { scale: 'log' }), units: int(8, 256) },
  objective: maximize('accuracy'),
  seed: 7,
  // A live display on a terminal, a line for each trial in a file or pipe.
  loggers: [progress()],
  // Checkpoints and models as files, whole or absent whatever crashes.
  artifacts: directoryArtifacts(process.argv[2] ?? 'artifacts', { onWarning: console.warn }),
  // Lets a study that is opened again take over the trials of a process that was killed. `attune` does this for you.
  use: [{ register: (registry) => registry.factory(tokens.host, [], nodeHost) }],
})

// A stand-in for a training: its weights are three numbers.
await study.optimize(async function* ({ params, resumeFrom }) {
  const weights = resumeFrom === undefined ? new Float64Array(3) : new Float64Array(resumeFrom.bytes.slice().buffer)
  for (let epoch = (resumeFrom?.step ?? 0) + 1; epoch <= 5; epoch++) {
    weights.fill(1 - 0.2 * Math.abs(Math.log10(params.learningRate) + 2.5) - Math.exp(-epoch) / 2)
    yield { step: epoch, accuracy: weights[0]!, checkpoint: () => new Uint8Array(weights.slice().buffer) }
  }
  const bytes = new Uint8Array(weights.buffer)
  return { kind: 'weights', bytes: () => bytes, as: () => { throw new Error('Weights have one form only.') } }
}, { trials: 12 })

const model = await study.best.artifact()
console.log(`The best model has ${model?.bytes.length} bytes; trial ${study.best.number} made it.`)
await study.close()
