import { isAttuneError } from '@attune/core'
import * as tf from '@tensorflow/tfjs'
import { describe, expect, it } from 'vitest'
import type { TensorFlow } from '../tensorflow.ts'
import { importOptional, switchTo, type Backend } from './backend.ts'
import { cpu } from './cpu.ts'
import { node, nodeGpu } from './node.ts'
import { wasm } from './wasm.ts'
import { webgpu } from './webgpu.ts'

async function refusal(backend: Backend, namespace: TensorFlow = tf): Promise<Error> {
  const error: unknown = await backend.activate(namespace).then(() => undefined, (reason: unknown) => reason)
  if (!isAttuneError(error, 'TFJS_BACKEND')) throw new Error(`Expected TFJS_BACKEND, got ${String(error)}`)
  return error
}

/** A namespace in which switching goes wrong as it does in tfjs: another backend stays in charge. */
function stubborn(setBackend: () => Promise<boolean>): TensorFlow {
  return { ...tf, setBackend, getBackend: () => 'cpu' }
}

describe('a backend', () => {
  it('is in charge after activate', async () => {
    await cpu().activate(tf)
    expect(tf.getBackend()).toBe('cpu')
    await wasm().activate(tf)
    expect(tf.getBackend()).toBe('wasm')
    await wasm().activate(tf)
    expect(tf.getBackend()).toBe('wasm')
  })

  it('says what it runs on', async () => {
    await cpu().activate(tf)
    expect(await cpu().describe(tf)).toEqual({ backend: 'cpu' })
    const threaded = wasm({ threads: 4 })
    await threaded.activate(tf)
    expect(await threaded.describe(tf)).toEqual({ backend: 'wasm', threads: 1, simd: true })
  })

  it.each([wasm(), webgpu(), node(), nodeGpu()])('says nothing of itself while another is active: %o', async (backend) => {
    await cpu().activate(tf)
    await expect(backend.describe(tf)).rejects.toThrow(/"(wasm|webgpu|tensorflow)" cannot be described: it is not active in this process \("cpu" is\)\. Await its activate\(tf\)/)
  })

  it.each([0, -1, 1.5, NaN])('refuses %s threads', (threads) => {
    expect(() => wasm({ threads })).toThrow(/cannot have .* threads\. Give a whole number of at least 1/)
  })

  it('says so when tfjs goes on with another one', async () => {
    expect((await refusal(wasm(), stubborn(async () => false))).message).toMatch(/"wasm" does not start here \(tfjs went on with "cpu"\).*npm install @tensorflow\/tfjs-backend-wasm@4\.22\.0/)
  })

  it('says so when it fails to start, with the cause', async () => {
    const error = await refusal(wasm(), stubborn(() => Promise.reject(new Error('no SIMD'))))
    expect(error.message).toContain('no SIMD')
    expect(error.cause).toEqual(new Error('no SIMD'))
  })

  it('names the command when its package is missing', async () => {
    const attempt = importOptional('wasm', '@tensorflow/tfjs-backend-wasm', tf, () => Promise.reject(new Error("Cannot find package '@tensorflow/tfjs-backend-wasm'")))
    await expect(attempt).rejects.toThrow(/needs @tensorflow\/tfjs-backend-wasm, which cannot be loaded .*npm install @tensorflow\/tfjs-backend-wasm@4\.22\.0/)
    await expect(attempt).rejects.toMatchObject({ code: 'TFJS_BACKEND', details: { backend: 'wasm' } })
  })

  it('names a backend that is not registered', async () => {
    await expect(switchTo(tf, 'nonsense', 'Do this.')).rejects.toThrow(/"nonsense" does not start here.*Do this\./)
  })
})

describe('native TensorFlow', () => {
  it.each([
    ['node', node(), '@tensorflow/tfjs-node'],
    ['nodeGpu', nodeGpu(), '@tensorflow/tfjs-node-gpu'],
  ])('%s() runs natively, or says how to install it', async (_name, backend, packageName) => {
    await wasm().activate(tf)
    try {
      await backend.activate(tf)
      expect(tf.getBackend()).toBe('tensorflow')
    } catch (error) {
      if (!isAttuneError(error, 'TFJS_BACKEND')) throw error
      if (tf.getBackend() === 'tensorflow') expect(error.message).toMatch(/found no usable GPU/)
      else expect(error.message).toContain(`npm install ${packageName}@4.22.0`)
    }
  })
})
