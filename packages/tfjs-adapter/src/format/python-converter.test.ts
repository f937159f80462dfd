import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensureTensorFlow } from '../../../../tools/python/ensure.mjs'
import { buildConvnet, noise } from '../training.test-support.ts'
import { packModel, toModelFiles } from './model-file.ts'

const { python, missing } = ensureTensorFlow()

/**
 * Python's converter loads the model and predicts. Its packages are entered beside their `__init__`, which would load JAX, decision forests and
 * TensorFlow Hub, for other kinds of models.
 */
const PROGRAM = `
import importlib.util, json, os, sys, types
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
for name, folder in (('tensorflowjs', ''), ('tensorflowjs.converters', 'converters')):
    package = types.ModuleType(name)
    package.__path__ = [os.path.join(root, folder)] if folder else [importlib.util.find_spec(name).submodule_search_locations[0]]
    root = package.__path__[0]
    sys.modules[name] = package
from tensorflowjs.converters.keras_tfjs_loader import load_keras_model
from tensorflowjs import read_weights
import numpy as np
given = json.load(sys.stdin)
model = load_keras_model(given['path'])
inputs = [np.array(x['data'], 'float32').reshape(x['shape']) for x in given['inputs']]
print('answer:' + json.dumps({
    'layers': [type(layer).__name__ for layer in model.layers],
    'weights': sum(len(group) for group in read_weights.read_weights(json.load(open(given['path']))['weightsManifest'], os.path.dirname(given['path']))),
    'predictions': np.asarray(model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)).ravel().tolist(),
}))
`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'attune-converter-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Answer {
  readonly layers: readonly string[]
  readonly weights: number
  readonly predictions: readonly number[]
}

async function inPython(model: tf.LayersModel, inputs: readonly tf.Tensor[]): Promise<Answer> {
  for (const [name, content] of Object.entries(toModelFiles(await packModel(tf, model)))) writeFileSync(join(folder, name), content)
  const given = { path: join(folder, 'model.json'), inputs: await Promise.all(inputs.map(async (input) => ({ shape: input.shape, data: Array.from(await input.data()) }))) }
  const child = spawnSync(python!, ['-c', PROGRAM], { input: JSON.stringify(given), encoding: 'utf8', maxBuffer: 2 ** 26 })
  const answer = /^answer:(.*)$/m.exec(child.stdout)?.[1]
  if (answer === undefined) throw new Error(child.stderr)
  return JSON.parse(answer) as Answer
}

const skipped = missing === undefined ? '' : ` (skipped: ${missing})`

test.skipIf(missing !== undefined)(`Python's converter loads a model of ours, and Keras predicts the same with it${skipped}`, { timeout: 120_000 }, async () => {
  await tf.setBackend('cpu')
  const model = buildConvnet()
  const x = tf.tensor(noise(3 * 36, 4), [3, 6, 6, 1])
  const expected = Array.from(await (model.predict(x) as tf.Tensor).data())
  const { layers, weights, predictions } = await inPython(model, [x])
  expect(layers).toEqual(['Conv2D', 'BatchNormalization', 'MaxPooling2D', 'Flatten', 'Dropout', 'Dense'])
  expect(weights).toBe(model.weights.length)
  expect(predictions).toHaveLength(6)
  for (const [index, value] of predictions.entries()) expect(Math.abs(value - expected[index]!)).toBeLessThan(1e-6)
})

test.skipIf(missing !== undefined)(`so it does with a functional model of two branches${skipped}`, { timeout: 120_000 }, async () => {
  await tf.setBackend('cpu')
  const input = tf.input({ shape: [5] })
  const [left, right] = [tf.layers.dense({ units: 4, activation: 'tanh' }).apply(input), tf.layers.dense({ units: 4, activation: 'relu' }).apply(input)] as [tf.SymbolicTensor, tf.SymbolicTensor]
  const model = tf.model({ inputs: input, outputs: tf.layers.dense({ units: 2 }).apply(tf.layers.concatenate().apply([left, right])) as tf.SymbolicTensor })
  const x = tf.tensor(noise(20, 4), [4, 5])
  const expected = Array.from(await (model.predict(x) as tf.Tensor).data())
  const { predictions } = await inPython(model, [x])
  for (const [index, value] of predictions.entries()) expect(Math.abs(value - expected[index]!)).toBeLessThan(1e-6)
  expect(predictions).toHaveLength(8)
})
