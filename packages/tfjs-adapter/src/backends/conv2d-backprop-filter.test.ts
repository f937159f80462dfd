import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { noise } from '../training.test-support.ts'
import { cpu } from './cpu.ts'
import { wasm } from './wasm.ts'

const cases = [1, 2, 3].flatMap((stride) => (['valid', 'same'] as const).flatMap((padding) => [2, 3, 5].map((kernel) => ({ stride, padding, kernel }))))

async function gradients(backend: ReturnType<typeof cpu>, { stride, padding, kernel }: (typeof cases)[number]): Promise<Float32Array> {
  await backend.activate(tf)
  const before = tf.memory().numTensors
  const gradient = tf.tidy(() => {
    const x = tf.tensor4d(noise(2 * 9 * 8 * 3, 5), [2, 9, 8, 3])
    const filter = tf.tensor4d(noise(kernel * kernel * 3 * 4, 6), [kernel, kernel, 3, 4])
    const weights = noise(10_000, 7)
    return tf.grad((f: tf.Tensor) => {
      const output = tf.conv2d(x, f as tf.Tensor4D, stride, padding)
      return tf.sum(tf.mul(output, tf.tensor(weights.slice(0, output.size), output.shape)))
    })(filter)
  })
  const values = Float32Array.from(await gradient.data())
  gradient.dispose()
  expect(tf.memory().numTensors).toBe(before)
  return values
}

test.each(cases)('the gradient of a kernel on wasm is that of cpu: stride $stride, $padding, $kernel × $kernel', async (shape) => {
  const [expected, actual] = [await gradients(cpu(), shape), await gradients(wasm(), shape)]
  expect(tf.getBackend()).toBe('wasm')
  const scale = Math.max(...expected.map(Math.abs))
  const difference = Math.max(...expected.map((value, index) => Math.abs(value - (actual[index] as number))))
  expect(expected).toHaveLength(shape.kernel ** 2 * 12)
  expect(difference / scale).toBeLessThan(1e-6)
})

test('an existing kernel is left alone', async () => {
  await wasm().activate(tf)
  const kernel = tf.getKernel('Conv2DBackpropFilter', 'wasm')
  await wasm().activate(tf)
  expect(tf.getKernel('Conv2DBackpropFilter', 'wasm')).toBe(kernel)
  expect(tf.getKernel('Conv2DBackpropFilter', 'cpu')).not.toBe(kernel)
})
