import { createStudy, float, int, maximize, MemoryArtifacts, oneOf, repeat, type PrunerFactory, type Study } from '@attune/core'
import { createModelBuilder } from '@attune/onnx-format'
import { htmlReport, readStudy } from '@attune/report'
import { mlflow } from '../mlflow.ts'
import type { MlflowOptions } from '../options.ts'

export const space = {
  learningRate: float(1e-4, 1e-1, { scale: 'log' }),
  layers: repeat({ units: int(16, 256, { step: 16 }) }, { min: 1, max: 3 }),
  optimizer: oneOf({ sgd: { momentum: float(0, 0.99) }, adam: {} }),
}

/** Prunes what is below the middle of what others had at the same step, from the third trial on. */
const pruner: PrunerFactory = {
  specVersion: 'v1',
  id: 'middle',
  create: ({ history }) => ({
    judge({ number, step }) {
      const lossAt = (trial: number): number | undefined => {
        const { steps, losses } = history.curve(trial)
        return losses[steps.indexOf(step)]
      }
      const all = Array.from({ length: history.length }, (_, trial) => lossAt(trial)).filter((loss) => loss !== undefined).toSorted((a, b) => a - b)
      return step >= 4 && all.length >= 4 && lossAt(number)! > all[Math.floor(all.length / 2)]! ? 'prune' : 'continue'
    },
  }),
}

/** y = x · w + b, as ONNX. */
export function affine(factor: number): Uint8Array {
  const model = createModelBuilder({ graphName: 'affine', producerName: 'attune-test' })
  const x = model.input('x', 'float32', ['N', 3])
  const w = model.initializer('w', { data: Float32Array.of(1, 0, 0, 1, 1, 1).map((value) => value * factor), dims: [3, 2] })
  const b = model.initializer('b', { data: Float32Array.of(0.5, -0.5), dims: [2] })
  model.node('Gemm', [x, w, b], { outputs: ['y'] })
  model.output('y', 'float32', ['N', 2])
  return model.toBytes()
}

/**
 * A study such as people have, without the wait for a training: curves, conditional parameters, pruned trials, one that fails, one that
 * fails once, data, a model of each trial, and a report. Its loggers have everything when it resolves; who opens it closes it.
 */
export async function digitsStudy(options: MlflowOptions & { readonly trials?: number }): Promise<Study<unknown>> {
  const { trials = 20, ...logger } = options
  const study = await createStudy({ name: 'digits', space, objective: maximize('valAccuracy'), pruner, artifacts: new MemoryArtifacts(), seed: 7, loggers: [mlflow({ links: false, tags: { team: 'vision' }, ...logger })] })
  await study.setAttribute('attune.inputs', [{ kind: 'dataset', name: 'mnist-digits', digest: 'a1b2c3', context: 'training', sourceType: 'http', source: 'https://example.org/mnist', schema: { x: [28, 28, 1] }, profile: { rows: 60_000 } }])
  await study.optimize(async function* (trial) {
    const { learningRate, layers, optimizer } = trial.params
    const skill = 1 - Math.abs(Math.log10(learningRate) + 2.2) / 3 - 0.02 * layers.length + (optimizer.type === 'adam' ? 0.03 : 0.05 * optimizer.momentum)
    for (let step = 1; step <= 12; step++) {
      if (trial.number === 5 && step === 3) throw new Error('The loss is NaN.\nLower the learning rate.')
      if (trial.number === 6 && trial.attempt === 1 && step === 3) throw new Error('The connection to the data was lost.')
      const accuracy = Math.max(0.1, skill) * (1 - Math.exp(-step / (2 + layers.length)))
      yield { step, loss: trial.number === 0 && step > 9 ? Infinity : 2.3 * (1 - accuracy), valAccuracy: accuracy }
    }
    return { kind: 'onnx', bytes: () => affine(1 + trial.number), as: () => Promise.reject(new Error('There is no other format.')) }
  }, { trials, retry: { times: 1, on: ['error'] } })
  await study.setArtifact('report', new TextEncoder().encode(htmlReport(await readStudy(study))), { kind: 'text/html' })
  return study
}
