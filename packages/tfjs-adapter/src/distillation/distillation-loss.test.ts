import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { cpu } from '../backends/cpu.ts'
import { noise } from '../training.test-support.ts'
import { agreement, distillationLoss, jensenShannon } from './distillation-loss.ts'

beforeAll(() => cpu().activate(tf))

const truth = [[0, 1, 0], [1, 0, 0]]
const teacher = [[1.5, 2.5, -0.5], [0.2, 0.9, 0.1]]
const student = [[0.3, 1.1, -1.2], [2.1, -0.4, 0.6]]

/** Softmax in double precision, straight from its definition. */
function softmax(logits: readonly number[], temperature = 1): number[] {
  const powers = logits.map((value) => Math.exp(value / temperature))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map((power) => power / sum)
}

const crossEntropy = (p: readonly number[], q: readonly number[]): number => -p.reduce((sum, value, index) => sum + value * Math.log(q[index]!), 0)
const divergence = (p: readonly number[], q: readonly number[]): number => p.reduce((sum, value, index) => sum + (value === 0 ? 0 : value * Math.log(value / q[index]!)), 0)
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

function lossOf(form: 'hinton' | 'mixture', temperature: number, hardLabelWeight: number): number {
  return tf.tidy(() => distillationLoss(tf, { form, temperature, hardLabelWeight }, tf.tensor2d(truth), tf.tensor2d(teacher), tf.tensor2d(student)).dataSync()[0]!)
}

describe('distillationLoss', () => {
  it.each([[1, 0], [1, 1], [4, 0.3], [20, 0.5]])('is λ·CE(y, s) + (1 − λ)·T²·KL(t ‖ s), both at T, in the form of Hinton (T = %d, λ = %d)', (T, lambda) => {
    const rows = truth.map((y, row) => lambda * crossEntropy(y, softmax(student[row]!)) + (1 - lambda) * T ** 2 * divergence(softmax(teacher[row]!, T), softmax(student[row]!, T)))
    expect(lossOf('hinton', T, lambda)).toBeCloseTo(mean(rows), 5)
  })

  it.each([[1, 0], [1, 1], [4, 0.3], [20, 0.5]])('is the cross-entropy with λ·y + (1 − λ)·t in the form of a mixture (T = %d, λ = %d)', (T, lambda) => {
    const rows = truth.map((y, row) => {
      const soft = softmax(teacher[row]!, T)
      return crossEntropy(y.map((value, index) => lambda * value + (1 - lambda) * soft[index]!), softmax(student[row]!))
    })
    expect(lossOf('mixture', T, lambda)).toBeCloseTo(mean(rows), 5)
  })

  it.each([['hinton', 1, 0.5], ['hinton', 4, 0.3], ['hinton', 20, 0], ['mixture', 4, 0.3]] as const)('has, as %s at T = %d and λ = %d, the gradient of the formula, taken by hand', (form, T, lambda) => {
    const [rows, classes] = [40, 10]
    const spread = (seed: number): number[][] => { const values = noise(rows * classes, seed); return Array.from({ length: rows }, (_, row) => Array.from(values.subarray(row * classes, (row + 1) * classes), (value) => 6 * value)) }
    const [taught, said] = [spread(1), spread(2)]
    const labels = taught.map((_, row) => Array.from({ length: classes }, (__, index) => Number(index === row % classes)))
    const given = tf.tidy(() => {
      const loss = (s: tf.Tensor): tf.Scalar => distillationLoss(tf, { form, temperature: T, hardLabelWeight: lambda }, tf.tensor2d(labels), tf.tensor2d(taught), s)
      return tf.grad(loss)(tf.tensor2d(said)).dataSync()
    })
    for (const [row, y] of labels.entries()) {
      const [plain, soft, target] = [softmax(said[row]!), softmax(said[row]!, T), softmax(taught[row]!, T)]
      for (let k = 0; k < classes; k++) {
        const teacherPart = form === 'hinton' ? T * (soft[k]! - target[k]!) : plain[k]! - target[k]!
        expect(given[row * classes + k]).toBeCloseTo((lambda * (plain[k]! - y[k]!) + (1 - lambda) * teacherPart) / rows, 6)
      }
    }
  })

  it('has its optimum, as a mixture, exactly where the student says λ·y + (1 − λ)·t', () => {
    const [T, lambda] = [3, 0.4]
    const goal = truth.map((y, row) => y.map((value, index) => lambda * value + (1 - lambda) * softmax(teacher[row]!, T)[index]!))
    const gradientAt = (logits: readonly (readonly number[])[]): Float32Array => tf.tidy(() => {
      const loss = (s: tf.Tensor): tf.Scalar => distillationLoss(tf, { form: 'mixture', temperature: T, hardLabelWeight: lambda }, tf.tensor2d(truth), tf.tensor2d(teacher), s)
      return tf.grad(loss)(tf.tensor2d(logits as number[][])).dataSync() as Float32Array
    })
    expect(Math.max(...gradientAt(goal.map((row) => row.map(Math.log))).map(Math.abs))).toBeLessThan(1e-7)
    expect(Math.max(...gradientAt(student).map(Math.abs))).toBeGreaterThan(0.01)
  })

  it('is learned to that optimum by gradient descent', () => {
    const [T, lambda] = [2, 0.25]
    const before = tf.memory().numTensors
    const logits = tf.tidy(() => tf.variable(tf.tensor2d(student)))
    const optimizer = tf.train.sgd(2)
    for (let step = 0; step < 400; step++) {
      optimizer.minimize(() => distillationLoss(tf, { form: 'mixture', temperature: T, hardLabelWeight: lambda }, tf.tensor2d(truth), tf.tensor2d(teacher), logits))
    }
    const learned = tf.tidy(() => Array.from(tf.softmax(logits).dataSync()))
    const goal = truth.flatMap((y, row) => y.map((value, index) => lambda * value + (1 - lambda) * softmax(teacher[row]!, T)[index]!))
    for (const [index, value] of learned.entries()) expect(value).toBeCloseTo(goal[index]!, 4)
    logits.dispose()
    optimizer.dispose()
    expect(tf.memory().numTensors).toBe(before)
  })

  it('is finite and differentiable for a teacher that is as sure as float32 can say', () => {
    const value = tf.tidy(() => distillationLoss(tf, { form: 'hinton', temperature: 1, hardLabelWeight: 0.5 }, tf.tensor2d([[1, 0]]), tf.tensor2d([[500, -500]]), tf.tensor2d([[-80, 80]])).dataSync()[0])
    expect(value).toBeCloseTo(160, 3)
  })
})

describe('teacher and student beside each other', () => {
  it('agree where both name the same class first', () => {
    expect(tf.tidy(() => Array.from(agreement(tf, tf.tensor2d(teacher), tf.tensor2d(student)).dataSync()))).toEqual([1, 0])
  })

  it('differ by the Jensen–Shannon divergence, in nats', () => {
    const expected = teacher.map((logits, row) => {
      const [p, q] = [softmax(logits), softmax(student[row]!)]
      const middle = p.map((value, index) => (value + q[index]!) / 2)
      return (divergence(p, middle) + divergence(q, middle)) / 2
    })
    const given = tf.tidy(() => Array.from(jensenShannon(tf, tf.tensor2d(teacher), tf.tensor2d(student)).dataSync()))
    for (const [row, value] of given.entries()) expect(value).toBeCloseTo(expected[row]!, 6)
  })

  it('differ by 0 from themselves and by ln 2 from what they exclude', () => {
    const same = tf.tidy(() => jensenShannon(tf, tf.tensor2d(teacher), tf.tensor2d(teacher)).dataSync()[0])
    const apart = tf.tidy(() => jensenShannon(tf, tf.tensor2d([[300, -300]]), tf.tensor2d([[-300, 300]])).dataSync()[0])
    expect(same).toBe(0)
    expect(apart).toBeCloseTo(Math.LN2, 6)
  })
})
