import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it, test } from 'vitest'
import { missingPython, runPython } from '../../../../tools/python/run.mjs'
import { caseOf, expectSame, expectSameInNode, type Case } from './export.test-support.ts'
import { layerModels, takesNumbers } from './layers.test-support.ts'
import { compositions, networks } from './networks.test-support.ts'

const builders: { readonly [name: string]: () => Promise<Case> } = {
  ...Object.fromEntries(Object.entries(layerModels).flatMap(([className, models]) => Object.entries(models).map(([name, build]) => [`${className}: ${name}`, () => caseOf(build(), {}, takesNumbers.has(className) ? 6 : undefined)]))),
  ...Object.fromEntries(Object.entries(networks).map(([name, { build, below }]) => [`network: ${name}`, () => caseOf(build(), {}, below)])),
  ...Object.fromEntries(Object.entries(compositions).map(([name, build]) => [`model: ${name}`, () => caseOf(build())])),
}
const cases = new Map<string, Case>()

beforeAll(async () => {
  await tf.setBackend('cpu')
  for (const [name, build] of Object.entries(builders)) cases.set(name, await build().catch((error: unknown) => { throw new Error(name, { cause: error }) }))
}, 60_000)

describe('exportOnnx gives what TensorFlow.js gives', () => {
  it.each(Object.keys(builders))('in onnxruntime-node: %s', async (name) => {
    const made = cases.get(name)!
    for (const { data } of made.outputs) expect(data.some((value) => value !== 0), 'not all of it is 0').toBe(true)
    await expectSameInNode(made)
  })

  // One process for all models.
  test.skipIf(missingPython !== undefined)(`in Python's onnxruntime, and passes its checker: all ${Object.keys(builders).length} models${missingPython ? ` (skipped: ${missingPython})` : ''}`, { timeout: 120_000 }, () => {
    const program = `
import sys, json, base64, onnx, numpy, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
answers = {}
for name, case in json.load(sys.stdin).items():
  data = base64.b64decode(case['onnx'])
  try:
    onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
    session = onnxruntime.InferenceSession(data, options, providers=['CPUExecutionProvider'])
    feeds = {x['name']: numpy.frombuffer(base64.b64decode(x['data']), dtype='<i4' if x['type'] == 'int32' else '<f4').reshape(x['dims']) for x in case['inputs']}
    answers[name] = [{'dims': list(y.shape), 'data': y.ravel().tolist()} for y in session.run(case['outputs'], feeds)]
  except Exception as error:
    answers[name] = str(error)
print(json.dumps(answers))`
    const base64 = (array: Uint8Array | Float32Array | Int32Array): string => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64')
    const input = Object.fromEntries([...cases].map(([name, { onnx, inputs, outputs }]) => [name, { onnx: base64(onnx), inputs: inputs.map(({ data, ...rest }) => ({ ...rest, data: base64(data) })), outputs: outputs.map(({ name: output }) => output) }]))
    const answers = runPython(program, new TextEncoder().encode(JSON.stringify(input))) as { readonly [name: string]: string | readonly { readonly dims: number[]; readonly data: number[] }[] }
    for (const [name, { outputs }] of cases) {
      const answer = answers[name]!
      if (typeof answer === 'string') throw new Error(`${name}: ${answer}`)
      for (const [index, expected] of outputs.entries()) expectSame(name, answer[index]!.dims, answer[index]!.data, expected)
    }
    expect(cases.size).toBe(Object.keys(builders).length)
  })
})
