import { join } from 'node:path'
import { collectGarbage, createStudy, directoryArtifacts, float, int, minimize, sqlite } from 'attune'

// Models of the three best trials and of the last one are kept; checkpoints only while a trial runs or is paused.
const folder = process.argv[2] ?? 'out/artifacts'
const storage = sqlite(join(folder, 'study.db'))
const artifacts = directoryArtifacts(join(folder, 'models'), { maxTotalBytes: 50_000_000 })
const study = await createStudy({
  name: 'line',
  space: { rate: float(0.01, 0.3, { scale: 'log' }), epochs: int(2, 6) },
  objective: minimize('loss'),
  seed: 5,
  storage,
  artifacts,
  keep: { best: 3, last: 1 },
  progress: false,
})

// Fits y = 3x + 1 by gradient descent. `checkpoint` saves the weights, `resumeFrom` goes on from them, and what is returned is the model.
await study.optimize(async function* ({ params, resumeFrom }) {
  let [slope, intercept] = resumeFrom === undefined ? [0, 0] : new Float64Array(resumeFrom.bytes.slice().buffer)
  const weights = (): Uint8Array => new Uint8Array(Float64Array.of(slope!, intercept!).buffer)
  for (let step = (resumeFrom?.step ?? 0) + 1; step <= params.epochs; step++) {
    let loss = 0
    for (const x of [-1, -0.5, 0, 0.5, 1]) {
      const error = slope! * x + intercept! - (3 * x + 1)
      slope! -= params.rate * error * x
      intercept! -= params.rate * error
      loss += error ** 2 / 5
    }
    yield { step, loss, checkpoint: weights }
  }
  return { kind: 'weights', meta: { epochs: params.epochs }, bytes: weights, as: () => { throw new Error('Weights have one form only.') } }
}, { trials: 20 })

for (const { trial, kind, bytes } of await study.bestArtifacts(3)) {
  const [slope, intercept] = new Float64Array(bytes.buffer)
  console.log(`trial ${trial.number}: loss ${trial.value!.toExponential(1)}, ${kind} y = ${slope!.toFixed(3)}x + ${intercept!.toFixed(3)}`)
}

// Anything else can be kept with a trial, or with the study.
await study.setArtifact('note.txt', new TextEncoder().encode('the best line so far'), { trial: study.best.number, kind: 'text/plain' })
const note = await study.best.artifact('note.txt')
console.log(`${note?.kind}: ${new TextDecoder().decode(note?.bytes)}`)
await study.close()

const { kept, garbage } = await collectGarbage(artifacts, storage, { dryRun: true })
console.log(`${kept} artefacts are kept, ${garbage.length} could go.`)
