import process from 'node:process'
import { afterEach, describe, expect, test } from 'vitest'
import { softwareGpu } from '../../../tools/software-gpu.mjs'
import { listExecutionProviders } from './list-execution-providers.ts'
import { denseModel, nodeModel } from './models.test-support.ts'
import { openPredictor } from './predictor.ts'

const { environment, missing } = softwareGpu()
const names = ['VK_ICD_FILENAMES', 'VK_DRIVER_FILES', 'LD_LIBRARY_PATH']
const before = names.map((name) => [name, process.env[name]] as const)

afterEach(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
})

describe('listExecutionProviders', () => {
  test('tells of all six, with a reason and a remedy for those that cannot be used', async () => {
    Object.assign(process.env, { VK_ICD_FILENAMES: '/nonexistent', VK_DRIVER_FILES: '/nonexistent' })
    const providers = await listExecutionProviders()
    expect(providers.map(({ name }) => name)).toEqual(['cpu', 'webgpu', 'cuda', 'tensorrt', 'coreml', 'dml'])
    expect(providers[0]).toEqual({ name: 'cpu', bundled: true, usable: true, reason: undefined })
    for (const { name, usable, reason } of providers.slice(1)) {
      if (usable) expect(reason, name).toBeUndefined()
      else expect(reason, name).toMatch(/\((\w+) (\w+)\)\. It (needs|exists on) /)
    }
    if (process.platform === 'linux') expect(providers.slice(1).map(({ usable }) => usable)).toEqual([false, false, false, false, false])
  })

  test('can be given up', async () => {
    await expect(listExecutionProviders({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ONNX_ABORTED' })
  })
})

describe.skipIf(missing !== undefined)(`webgpu${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  test('is usable where there is a driver, and answers as the cpu does', async () => {
    Object.assign(process.env, environment)
    const webgpu = (await listExecutionProviders()).find(({ name }) => name === 'webgpu')
    expect(webgpu).toEqual({ name: 'webgpu', bundled: true, usable: true, reason: undefined })
    await using gpu = await openPredictor(denseModel(32), { executionProviders: ['webgpu'] })
    await using cpu = await openPredictor(denseModel(32))
    const rows = { data: Float32Array.from([0.5, 0.25, 0.25, 0, 0.75, 0.25]), dims: [2, 3] }
    const [answer, expected] = [(await gpu.predict(rows))['y']!, (await cpu.predict(rows))['y']!]
    expect(answer.dims).toEqual(expected.dims)
    Array.from(answer.data as Float32Array).forEach((value, index) => expect(value).toBeCloseTo(Number(expected.data[index]), 4))
  })

  test('refuses a model that it cannot run as a whole, unless the cpu may run the rest', async () => {
    Object.assign(process.env, environment)
    // No GPU runtime has this operator.
    const model = nodeModel('Unique', { outputShape: ['M'] })
    await expect(openPredictor(model, { executionProviders: ['webgpu'] })).rejects.toMatchObject({ code: 'ONNX_PROVIDER', message: expect.stringContaining("add 'cpu' at the end") })
    await using predictor = await openPredictor(model, { executionProviders: ['webgpu', 'cpu'] })
    expect((await predictor.predict({ data: Float32Array.from([3, 1, 1]), dims: [1, 3] }).catch((error: unknown) => error))).toMatchObject({ code: 'ONNX_OUTPUT' })
  })
})
