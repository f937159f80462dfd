import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import type { Backend } from '../backends/backend.ts'
import { cpu } from '../backends/cpu.ts'
import { webgpu } from '../backends/webgpu.ts'
import { clipGradients } from './clip-gradients.ts'
import { createStepOptimizer } from './create-step-optimizer.ts'
import type { OptimizerSpec } from './optimizer-spec.ts'
import { gradientNumbers, nameOf, SPECS, weightsOf } from './optimizers.test-support.ts'

/** All numbers after some clipped steps, and how many tensors are left. */
async function train(backend: Backend, spec: OptimizerSpec): Promise<{ readonly values: number[]; readonly left: number }> {
  await backend.activate(tf)
  const before = tf.memory().numTensors
  const weights = weightsOf()
  const optimizer = createStepOptimizer(tf, { ...spec, weightDecay: 0.05, l2: 0.01 })
  for (let step = 0; step < 8; step++) {
    const gradients = Object.fromEntries(weights.map(({ key, variable }) => [key, tf.tensor(gradientNumbers(step, key), variable.shape)]))
    const clipped = clipGradients(tf, gradients, { norm: 3 })
    optimizer.apply(weights, clipped.gradients, spec.learningRate / (1 + step))
    tf.dispose([gradients, clipped.gradients, clipped.norm!])
  }
  const values = (await Promise.all(weights.map(({ variable }) => variable.data()))).flatMap((each) => [...each])
  optimizer.dispose()
  for (const { variable } of weights) variable.dispose()
  return { values, left: tf.memory().numTensors - before }
}

test('every optimiser does on WebGPU what it does on the processor', async () => {
  for (const spec of SPECS) {
    const [expected, found] = [await train(cpu(), spec), await train(webgpu(), spec)]
    expect(found.left).toBe(0)
    expect(Math.max(...found.values.map((value, index) => Math.abs(value - expected.values[index]!))), nameOf(spec)).toBeLessThan(3e-6)
  }
})
