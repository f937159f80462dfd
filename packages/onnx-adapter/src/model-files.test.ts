import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, open, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { onnx } from '@attune/onnx-format'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { onnxEvaluator, type OnnxEvaluator } from './evaluator.ts'
import { denseModel, echoModel, hungryModel, shiftModel, withExternalData } from './models.test-support.ts'
import { openPredictor } from './predictor.ts'

const data = { inputs: { data: Float32Array.from([0.5, 0.25, 0.25, 0, 0.75, 0.25]), dims: [2, 3] }, labels: [0, 2] }
const rows = data.inputs
const isWindows = process.platform === 'win32'

let folder: string
let directory: string
let shared: OnnxEvaluator
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attune-onnx-'))
  directory = join(folder, 'weights')
  await mkdir(join(directory, 'sub'), { recursive: true })
  shared = onnxEvaluator({ data, scores: 'logits' })
})
afterAll(async () => {
  await shared.release()
  await rm(folder, { recursive: true })
})

/** A file of this size that takes no room on the disk. */
async function sparse(name: string, size: number): Promise<string> {
  await using file = await open(join(folder, name), 'w')
  await file.truncate(size)
  return name
}

describe('a model file', () => {
  test.skipIf(isWindows)(`that is a pipe is refused at once, and not waited for${isWindows ? ' (skipped: Windows has none among files)' : ''}`, async () => {
    expect(spawnSync('mkfifo', [join(folder, 'pipe.onnx')]).status).toBe(0)
    await expect(shared.evaluate({ path: 'pipe.onnx', directory: folder })).rejects.toMatchObject({ code: 'ONNX_PATH', message: expect.stringContaining('is no file') })
  })

  test.each([2 ** 30 + 1, 2 ** 31 - 1, 2 ** 31 + 5, 2 ** 40])('of %i bytes is refused by its size, and nothing is read', async (size) => {
    const path = await sparse('large.onnx', size)
    await expect(shared.evaluate({ path, directory: folder })).rejects.toMatchObject({ code: 'ONNX_TOO_LARGE', message: expect.stringMatching(new RegExp(`has ${size} bytes, more than the limit of ${2 ** 30}.*externalData`)) })
  })

  test('beyond maxModelBytes is refused, however it comes', async () => {
    const model = shiftModel([1, 2, 3])
    await writeFile(join(folder, 'shift.onnx'), model)
    const artifact = { kind: 'onnx', bytes: () => model, as: () => artifact }
    await using exact = onnxEvaluator({ data, scores: 'logits', maxModelBytes: model.length })
    await using less = onnxEvaluator({ data, scores: 'logits', maxModelBytes: model.length - 1 })
    for (const source of [model, artifact, { path: 'shift.onnx', directory: folder }]) {
      expect(await exact.evaluate(source)).toMatchObject({ modelBytes: model.length })
      await expect(less.evaluate(source)).rejects.toMatchObject({ code: 'ONNX_TOO_LARGE', message: expect.stringContaining('maxModelBytes') })
    }
    await expect(openPredictor(model, { maxModelBytes: 10 })).rejects.toMatchObject({ code: 'ONNX_TOO_LARGE' })
  })
})

describe('external data', () => {
  const shift = Float32Array.from([1, 2, 3])
  const model = (location: string): Uint8Array => withExternalData(shiftModel([0, 0, 0]), location)

  test('is read from the one directory that was named, and counts to the size', async () => {
    await writeFile(join(directory, 'shift.bin'), shift)
    await writeFile(join(directory, 'sub', 'shift.bin'), shift)
    for (const location of ['shift.bin', 'sub/shift.bin']) {
      await using predictor = await openPredictor(model(location), { externalData: { directory } })
      expect((await predictor.predict({ data: new Float32Array(3), dims: [1, 3] }))['y']).toEqual({ data: shift, dims: [1, 3] })
    }
    await using evaluator = onnxEvaluator({ data, metrics: [], externalData: { directory }, maxModelBytes: model('shift.bin').length + 12, parameters: true, memory: true })
    expect(await evaluator.evaluate(model('shift.bin'))).toMatchObject({ modelBytes: model('shift.bin').length + 12, parameters: 3 })
    await using small = onnxEvaluator({ data, metrics: [], externalData: { directory }, maxModelBytes: model('shift.bin').length + 11 })
    await expect(small.evaluate(model('shift.bin'))).rejects.toMatchObject({ code: 'ONNX_TOO_LARGE' })
  })

  test('is never found by accident in the current folder', async () => {
    const before = process.cwd()
    await writeFile(join(folder, 'here.bin'), shift)
    process.chdir(folder)
    try {
      await using evaluator = onnxEvaluator({ data, scores: 'logits' })
      await expect(evaluator.evaluate(model('here.bin'))).rejects.toMatchObject({ code: 'ONNX_EXTERNAL_DATA', message: expect.stringContaining('externalData') })
      await using opted = onnxEvaluator({ data, scores: 'logits', externalData: { directory } })
      await expect(opted.evaluate(model('here.bin'))).rejects.toMatchObject({ code: 'ONNX_EXTERNAL_DATA' })
    } finally {
      process.chdir(before)
    }
  })

  test('outside of the directory is refused, by whatever path', async () => {
    await writeFile(join(folder, 'secret.bin'), shift)
    await writeFile(join(directory, 'own.bin'), shift)
    const locations = ['../secret.bin', 'sub/../../secret.bin', 'sub/../own.bin', '..\\secret.bin', join(directory, 'own.bin'), join(folder, 'secret.bin'), 'C:\\secret.bin', '\\\\host\\secret.bin', 'missing.bin', 'sub', '.', 'a\0b']
    if (!isWindows) {
      await symlink(join(folder, 'secret.bin'), join(directory, 'link.bin'))
      await symlink(folder, join(directory, 'up'))
      spawnSync('mkfifo', [join(directory, 'pipe.bin')])
      locations.push('link.bin', 'up/secret.bin', 'pipe.bin')
    }
    await using evaluator = onnxEvaluator({ data, scores: 'logits', externalData: { directory } })
    for (const location of locations) await expect(evaluator.evaluate(model(location)), location).rejects.toMatchObject({ code: 'ONNX_EXTERNAL_DATA' })
    await using nowhere = onnxEvaluator({ data, scores: 'logits', externalData: { directory: join(folder, 'none') } })
    await expect(nowhere.evaluate(model('own.bin'))).rejects.toMatchObject({ code: 'ONNX_EXTERNAL_DATA' })
  })

  test('is not rewritten: weights in other files cannot be stored in fewer bits', async () => {
    await writeFile(join(directory, 'w0.bin'), new Uint8Array(3 * 64 * 4))
    await using evaluator = onnxEvaluator({ data, metrics: [], externalData: { directory }, serving: () => ({ precision: 'int8' as const }) })
    await expect(evaluator.evaluate(withExternalData(denseModel(64), 'w0.bin'), { params: {} })).rejects.toMatchObject({ code: 'ONNX_PRECISION', message: expect.stringContaining('another file') })
  })

  test('that is too short, or asked for beyond its end, is a refused model', async () => {
    await writeFile(join(directory, 'short.bin'), shift.subarray(0, 2))
    await writeFile(join(directory, 'full.bin'), shift)
    await using evaluator = onnxEvaluator({ data, scores: 'logits', externalData: { directory } })
    await expect(evaluator.evaluate(model('short.bin'))).rejects.toMatchObject({ code: 'ONNX_MODEL' })
    for (const [key, value] of [['offset', '4096'], ['offset', '-8'], ['length', '99999999999'], ['offset', 'nonsense']] as const) {
      const message = onnx.ModelProto.decode(model('full.bin'))
      const [tensor] = message.graph!.initializer
      const changed = { ...tensor!, externalData: [...tensor!.externalData, { key, value }] }
      const bytes = onnx.ModelProto.encode({ ...message, graph: { ...message.graph!, initializer: [changed] } }).finish()
      await expect(evaluator.evaluate(bytes), `${key} ${value}`).rejects.toMatchObject({ code: 'ONNX_MODEL' })
    }
  })
})

describe('memory', () => {
  const targets = { inputs: rows, targets: { data: new Float32Array(2), dims: [2, 1] } }

  test('beyond the limit ends the process and fails the evaluation; the next model gets a new one', async () => {
    await using evaluator = onnxEvaluator({ data: targets, metrics: ['meanAbsoluteError'], maxMemoryBytes: 700e6 })
    await expect(evaluator.evaluate(hungryModel(400_000_000))).rejects.toMatchObject({ code: 'ONNX_MEMORY', message: expect.stringMatching(/more than 700000000 bytes.*maxMemoryBytes/) })
    expect(await evaluator.evaluate(hungryModel(1000))).toMatchObject({ meanAbsoluteError: expect.any(Number) })
  })

  test('that nobody has is refused by the runtime', async () => {
    await using evaluator = onnxEvaluator({ data: targets, metrics: ['meanAbsoluteError'] })
    await expect(evaluator.evaluate(hungryModel(1e15))).rejects.toMatchObject({ code: 'ONNX_RUN' })
  })
})

describe('options of sessions that cannot be meant are refused at once', () => {
  test.each<readonly [string, object, RegExp]>([
    ['no bytes', { maxModelBytes: 0 }, /maxModelBytes is a whole number of at least 1/],
    ['more than can be sent', { maxModelBytes: 2 ** 31 }, /maxModelBytes is at most 1073741824, more only with externalData/],
    ['half a byte', { maxMemoryBytes: 0.5 }, /maxMemoryBytes/],
    ['no directory', { externalData: {} }, /externalData is \{ directory \}/],
    ['an empty directory', { externalData: { directory: '' } }, /externalData/],
    ['yes instead of a directory', { externalData: true }, /externalData/],
    ['another level', { graphOptimizationLevel: 'most' }, /graphOptimizationLevel: "most" is none of 'disabled'/],
  ])('%s', (_, options, message) => {
    expect(() => onnxEvaluator({ data, ...options })).toThrow(expect.objectContaining({ code: 'ONNX_OPTION', message: expect.stringMatching(message) }))
  })
})

test('graphs answer the same however much they are optimised', async () => {
  const answers = await Promise.all((['disabled', 'basic', 'extended', 'layout', 'all'] as const).map(async (graphOptimizationLevel) => {
    await using predictor = await openPredictor(denseModel(16), { graphOptimizationLevel })
    return Array.from((await predictor.predict(rows))['y']!.data as Float32Array)
  }))
  for (const answer of answers) answer.forEach((value, index) => expect(value).toBeCloseTo(answers[0]![index]!, 5))
})

test('a predictor that is still being loaded can be given up', async () => {
  await expect(openPredictor(echoModel(), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ONNX_ABORTED' })
  const controller = new AbortController()
  const opening = openPredictor(echoModel(), { signal: controller.signal })
  controller.abort(new Error('enough'))
  await expect(opening).rejects.toMatchObject({ code: 'ONNX_ABORTED', cause: controller.signal.reason })
})
