import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { createStudy, directoryArtifacts, maximize, sqlite, type Study, type TrialRecord } from 'attune'
import { onnxEvaluator, openPredictor } from '@attune/onnx-adapter'
import { loadModel } from '@attune/tfjs-adapter'
import { exportOnnx } from '@attune/tfjs-adapter/onnx'
import { type Digits, type Split } from './digits.ts'
import { space, type NetworkParams } from './network.ts'
import type { JobOptions } from './options.ts'
import { digitsTrainer } from './trainer.ts'

/** The best network, trained once more on all training digits, and what it is worth on digits it never saw. */
export interface Finalist {
  readonly trial: TrialRecord<NetworkParams>
  readonly onnxFile: string
  readonly testAccuracyTfjs: number
  readonly testAccuracyOnnx: number
  readonly latencyP50Ms: number
  readonly latencyP95Ms: number
  readonly modelBytes: number
  /** Largest difference of a predicted probability between TensorFlow.js and ONNX Runtime. */
  readonly largestDifference: number
  /** Test digits to which both give the same class. */
  readonly sameClass: number
}

/** Undefined if it was interrupted; the next start goes on from there. */
export async function trainFinalist(search: Study<NetworkParams>, split: Split, options: JobOptions, signal: AbortSignal): Promise<Finalist | undefined> {
  const study = await createStudy({
    name: `mnist-final-${search.best.number}`,
    space,
    objective: maximize('valAccuracy', { from: 'best' }),
    seed: search.definition.seed,
    storage: sqlite(join(options.out, 'study.db')),
    artifacts: directoryArtifacts(join(options.out, 'artifacts')),
    progress: { live: false },
  })
  try {
    await study.enqueue(search.best.params)
    const evaluator = onnxEvaluator({ data: testData(split.test), metrics: ['accuracy', 'logLoss'], latency: true, prefix: 'test.' })
    await study.optimize(digitsTrainer(() => split, options.finalEpochs), { trials: 1, evaluators: [evaluator], signal })
    if (study.counts.complete === 0) return undefined
    return await compare(study, split.test, options)
  } finally {
    await study.close()
  }
}

function testData(test: Digits): { readonly inputs: { readonly data: Float32Array; readonly dims: readonly number[] }; readonly labels: Int32Array } {
  return { inputs: { data: test.images, dims: [test.labels.length, 28, 28, 1] }, labels: test.labels }
}

/** Writes the model as ONNX, and holds its predictions against those of TensorFlow.js. */
async function compare(study: Study<NetworkParams>, test: Digits, options: JobOptions): Promise<Finalist> {
  const trial = study.best
  const kept = await study.best.artifact()
  if (kept === undefined) throw new Error(`The model of the last training is missing in ${join(options.out, 'artifacts')}: remove the folder ${options.out} and start again.`)
  const model = await loadModel(tf, kept.bytes)
  const onnx = await exportOnnx(tf, model, { name: 'digits' })
  const onnxFile = join(options.out, 'best.onnx')
  await writeFile(onnxFile, onnx)
  const count = test.labels.length
  const input = tf.tensor4d(test.images, [count, 28, 28, 1])
  const output = model.predict(input, { batchSize: 250 }) as tf.Tensor
  const byTfjs = await output.data()
  tf.dispose([input, output])
  model.dispose()
  const predictor = await openPredictor({ path: 'best.onnx', directory: options.out })
  try {
    const [answer] = Object.values(await predictor.predict({ data: test.images, dims: [count, 28, 28, 1] }, { batchSize: 250 }))
    const byOnnx = answer!.data as Float32Array
    const [tfjs, ort] = [classes(byTfjs, count), classes(byOnnx, count)]
    return {
      trial,
      onnxFile,
      testAccuracyTfjs: share(tfjs, test.labels),
      testAccuracyOnnx: trial.metrics['test.accuracy']!,
      latencyP50Ms: trial.metrics['test.latencyP50Ms']!,
      latencyP95Ms: trial.metrics['test.latencyP95Ms']!,
      modelBytes: onnx.length,
      largestDifference: byOnnx.reduce((most, value, i) => Math.max(most, Math.abs(value - byTfjs[i]!)), 0),
      sameClass: Math.round(share(tfjs, ort) * count),
    }
  } finally {
    await predictor.close()
  }
}

/** The most probable of ten classes, row by row. */
function classes(probabilities: ArrayLike<number>, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, row) => {
    let best = 0
    for (let digit = 1; digit < 10; digit++) if (probabilities[row * 10 + digit]! > probabilities[row * 10 + best]!) best = digit
    return best
  })
}

function share(answers: Int32Array, truth: Int32Array): number {
  return answers.reduce((same, answer, i) => same + Number(answer === truth[i]), 0) / answers.length
}
