import * as tf from '@tensorflow/tfjs'
import { expect, it } from 'vitest'
import { wasm } from './wasm.ts'

it('refuses what does not fit into memory, and leaves other tensors as they were', async () => {
  await wasm().activate(tf)
  await wasm().activate(tf)
  const { wasm: module } = tf.backend() as unknown as { readonly wasm: { _malloc(bytes: number): number; _free(address: number): void } }
  const kept = tf.tensor1d([1, 2, 3])
  const tensors = tf.memory().numTensors
  // Nothing is written into these, so that the machine need not have as much.
  const blocks: number[] = []
  const fill = (): void => {
    for (;;) blocks.push(module._malloc(2 ** 28))
  }
  expect(fill).toThrow('Out of memory: WebAssembly has no 256 MiB left of at most 4096.')
  expect(blocks.length).toBeGreaterThan(10)
  expect(() => tf.ones([2 ** 26])).toThrow('Out of memory: WebAssembly has no 256 MiB left')
  expect(() => tf.tidy(() => tf.tile(kept, [2 ** 26]))).toThrow('Out of memory: WebAssembly has no 768 MiB left')
  expect(() => tf.tidy(() => tf.tile(kept, [2 ** 31]))).toThrow(/Out of memory: WebAssembly has no 24576 MiB left/)
  expect(tf.memory().numTensors).toBe(tensors)
  expect([...kept.dataSync(), ...tf.tidy(() => tf.add(kept, 1).dataSync())]).toEqual([1, 2, 3, 2, 3, 4])
  for (const block of blocks) module._free(block)
  const whole = tf.ones([2 ** 20])
  expect(tf.tidy(() => tf.sum(whole).dataSync()[0])).toBe(2 ** 20)
  tf.dispose([kept, whole])
})
