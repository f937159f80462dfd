import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureTensorFlow } from '../../../../tools/python/ensure.mjs'
import { loadModel, toModelFiles, wasm } from '../index.ts'
import { convnetTrainer, images, run, trialOf } from '../training.test-support.ts'

const tools = ensureTensorFlow()
if (tools.missing !== undefined) console.log(`SKIPPED: reading models with Python's tensorflowjs. ${tools.missing}`)

const folder = mkdtempSync(join(tmpdir(), 'attune-tfjs-python-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Parts of the converter that need more than reading a layers model does import these; here they are empty. */
const PROGRAM = `
import json, os, sys, types
os.environ['TF_USE_LEGACY_KERAS'] = '1'
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
for name in ('tensorflow_decision_forests', 'tensorflow_hub', 'jax', 'jax.experimental', 'jax.experimental.jax2tf', 'flax'):
    sys.modules[name] = types.ModuleType(name)
import numpy, tf_keras
from tensorflowjs.converters import load_keras_model
from tensorflowjs.read_weights import read_weights
x = numpy.array(json.load(open('x.json')), 'float32').reshape(-1, 6, 6, 1)
answers = {}
for name in ('model', 'last', 'best'):
    answers[name] = load_keras_model(name + '/model.json').predict(x, verbose=0).flatten().tolist()
    tf_keras.backend.clear_session()
manifest = json.load(open('best/model.json'))['weightsManifest']
answers['names'] = [entry['name'].split('/')[-1] for entry in read_weights(manifest, 'best', flatten=True)]
print(json.dumps(answers))
`

describe.skipIf(tools.missing !== undefined)("Python's tensorflowjs", () => {
  let checkpoint: Uint8Array
  let model: Uint8Array
  beforeAll(async () => {
    await wasm().activate(tf)
    const trainer = convnetTrainer({ epochs: 3, restoreBest: { metric: 'loss', direction: 'maximize' } })
    const { artifact } = await run(trainer, trialOf({ learningRate: 0.02 }), async (report) => (checkpoint = await report.checkpoint!()))
    model = await artifact!.bytes()
    await trainer.release?.()
  })

  it('reads models, and checkpoints as the models they are of', { timeout: 120_000 }, async () => {
    const { x } = images(5, 9)
    const sources = { model: toModelFiles(model), last: toModelFiles(checkpoint), best: toModelFiles(checkpoint, 'best') }
    const input = tf.tensor(x.data, [...x.shape])
    const expected: { [name: string]: readonly number[] } = {}
    for (const [name, loaded] of [['model', await loadModel(tf, model)], ['last', await loadModel(tf, checkpoint)], ['best', await loadModel(tf, checkpoint, 'best')]] as const) {
      const output = loaded.predict(input) as tf.Tensor
      expected[name] = [...output.dataSync()]
      tf.dispose(output)
      loaded.dispose()
    }
    input.dispose()
    for (const [name, files] of Object.entries(sources)) {
      mkdirSync(join(folder, name))
      for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, name, file), content as Uint8Array)
    }
    writeFileSync(join(folder, 'x.json'), JSON.stringify([...x.data]))
    const { status, stdout, stderr } = spawnSync(tools.python!, ['-c', PROGRAM], { cwd: folder, encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
    const answers = JSON.parse(stdout) as { readonly [name: string]: readonly number[] } & { readonly names: readonly string[] }
    for (const [name, values] of Object.entries(expected)) for (const [index, value] of values.entries()) expect(answers[name]![index], name).toBeCloseTo(value, 5)
    // The artefact is that of the first epoch, the worst by its loss; the last epoch has others.
    expect(expected['best']).toEqual(expected['model'])
    expect(expected['last']).not.toEqual(expected['model'])
    expect(answers.names).toEqual(['kernel', 'bias', 'gamma', 'beta', 'moving_mean', 'moving_variance', 'kernel', 'bias'])
  })
})
