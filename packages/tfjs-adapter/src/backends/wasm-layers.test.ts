import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { cpu } from './cpu.ts'
import { differenceOf, layerNets, trainLayers, untrainable } from './layer-nets.test-support.ts'
import { wasm } from './wasm.ts'

test.each(Object.entries(layerNets))('%s trains on wasm as on cpu', async (_name, net) => {
  await cpu().activate(tf)
  const expected = await trainLayers(net)
  await wasm().activate(tf)
  const actual = await trainLayers(net)
  expect(tf.getBackend()).toBe('wasm')
  expect([expected.tensorsLeft, actual.tensorsLeft]).toEqual([0, 0])
  expect(differenceOf(expected, actual)).toBeLessThan(1e-5)
})

test.each(Object.entries(untrainable))('tfjs refuses to train %s, on wasm as on cpu', async (_name, net) => {
  for (const backend of [cpu(), wasm()]) {
    await backend.activate(tf)
    await expect(trainLayers(net)).rejects.toThrow(net.says)
  }
})
