import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import * as tf from '@tensorflow/tfjs'
import { describe, expect, test } from 'vitest'
import { softwareGpu } from '../../../../tools/software-gpu.mjs'
import { ensureTfjsNode } from '../../../../tools/tfjs-node.mjs'
import type { BackendInfo } from './backend.ts'
import { cpu } from './cpu.ts'
import { differenceOf, layerNets, trainLayers } from './layer-nets.test-support.ts'
import { largestDifference, trainSameNet, type SameNet } from './same-net.test-support.ts'
import { wasm } from './wasm.ts'

/** How far losses and accuracies of six steps may be apart: float32 keeps seven digits, and backends add in another order. */
const TOLERANCE = 1e-5

const PROGRAM = fileURLToPath(new URL('one-backend.test-support.ts', import.meta.url))

interface Answer {
  readonly net: SameNet
  readonly info: BackendInfo
  readonly layers: { readonly [name: string]: Awaited<ReturnType<typeof trainLayers>> }
  /** What training over a mask ended with. */
  readonly masked: string
}

function onAnother(backend: 'webgpu' | 'node', variables: Record<string, string>, layers: readonly string[]): Answer {
  const child = spawnSync(process.execPath, ['--conditions=attune-source', PROGRAM, backend, ...layers], { encoding: 'utf8', maxBuffer: 2 ** 26, env: { ...process.env, ...variables }, timeout: 290_000 })
  const answer = /^answer:(.*)$/m.exec(child.stdout)?.[1]
  if (child.status !== 0 || answer === undefined) throw new Error(`${child.stderr}${child.error?.message ?? ''}`)
  return JSON.parse(answer) as Answer
}

async function expectSame({ net, layers }: Pick<Answer, 'net' | 'layers'>, names: readonly string[]): Promise<void> {
  await cpu().activate(tf)
  const reference = await trainSameNet(cpu())
  expect(net).toMatchObject({ warnings: [], tensors: 0 })
  expect(net.onnx).toBeGreaterThan(1000)
  expect(net.reports).toHaveLength(2)
  expect(largestDifference(reference, net)).toBeLessThan(TOLERANCE)
  const differences: [string, number][] = []
  for (const name of names) differences.push([name, differenceOf(await trainLayers(layerNets[name]!), layers[name]!)])
  expect(differences.filter(([, difference]) => !(difference < 1e-5))).toEqual([])
}

describe('the same convolutional net, the same data and seeds', () => {
  test('wasm() trains it as cpu() does', async () => {
    const net = await trainSameNet(wasm())
    expect(net.meta).toMatchObject({ backend: 'wasm', threads: 1, simd: true })
    await expectSame({ net, layers: {} }, [])
  })

  const gpu = softwareGpu()
  test.skipIf(gpu.missing !== undefined)(`webgpu() trains it, and layers of other kinds, as cpu() does, in Node${gpu.missing === undefined ? '' : ` (skipped: ${gpu.missing})`}`, { timeout: 300_000 }, async () => {
    const names = ['depthwiseConv2d', 'embedding', 'layerNormalization', 'upSampling2d, nearest']
    const answer = onAnother('webgpu', gpu.environment ?? {}, names)
    expect(answer.net.backend).toBe('webgpu')
    expect(answer.info.adapter).toMatch(/\w/)
    // tfjs goes on with wrong numbers; the trial fails.
    expect(answer.masked).toMatch(/^TFJS_KERNEL: The GPU refused an operation that this model needs, so that its numbers are wrong: .*Use wasm\(\)/)
    await expectSame(answer, names)
  })

  const { missing } = ensureTfjsNode()
  test.skipIf(missing !== undefined)(`node() trains it, and every layer that can be trained, as cpu() does, on a TensorFlow that pip installed${missing === undefined ? '' : ` (skipped: ${missing})`}`, { timeout: 300_000 }, async () => {
    const names = Object.keys(layerNets)
    const answer = onAnother('node', { TF_CPP_MIN_LOG_LEVEL: '2' }, names)
    expect(answer.net.backend).toBe('tensorflow')
    expect(answer.info).toEqual({ backend: 'tensorflow', library: 'TensorFlow 2.21.0', gpu: false })
    expect(answer.net.meta).toMatchObject(answer.info)
    expect(answer.masked).toBe('2 reports')
    await expectSame(answer, names)
  })

  test.skipIf(missing !== undefined)(`tfjs-node without node() fails on Node 23 and newer, for want of what node() puts back${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
    const program = `
      import * as tf from '@tensorflow/tfjs'
      const { node } = await import('@attune/tfjs-adapter')
      if (process.argv[1] === 'helped') await node().activate(tf)
      else await import('@tensorflow/tfjs-node')
      process.stdout.write(String(tf.tensor1d([1, 2]).add(1).sum().dataSync()[0]))`
    const attempt = (mode: string) => spawnSync(process.execPath, ['--conditions=attune-source', '--input-type=module', '--eval', program, mode], { cwd: fileURLToPath(new URL('../..', import.meta.url)), encoding: 'utf8' })
    expect(attempt('helped').stdout).toBe('5')
    const bare = attempt('bare')
    expect(bare.status).not.toBe(0)
    expect(bare.stderr).toMatch(/isNullOrUndefined\)? is not a function/)
  })
})
