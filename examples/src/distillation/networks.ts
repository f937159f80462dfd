import * as tf from '@tensorflow/tfjs'
import { constant, createStudy, maximize, MemoryArtifacts, type Evaluator, type Trainer } from 'attune'
import { distillation, loadModel, tfjsPredictor, tfjsTrainer, wasm, type LabelledData } from '@attune/tfjs-adapter'
import { readDigits, splitDigits, type Digits } from '../mnist/digits.ts'

/** The digits of one lesson: the teacher learns from many, its student from few. */
export interface Lesson {
  readonly teacher: Digits
  readonly student: Digits
  /** To choose by. */
  readonly validation: Digits
  /** Seen by nobody before the end. */
  readonly test: Digits
}

export function readLesson(samples: number): Lesson {
  const { training, validation, test } = splitDigits(readDigits(), 1)
  return { teacher: first(training, 4000), student: first(training, samples), validation, test }
}

/** The first so many, which are a random sample: the split has shuffled them. */
function first({ images, labels }: Digits, count: number): Digits {
  return { images: images.subarray(0, count * 784), labels: labels.subarray(0, count) }
}

function rowsOf({ images, labels }: Digits): LabelledData & { readonly x: { readonly data: Float32Array; readonly shape: readonly number[] } } {
  return { x: { data: images, shape: [labels.length, 784] }, y: labels }
}

const dense = (units: readonly number[]): tf.LayersModel => tf.sequential({ layers: [
  ...units.map((count, i) => tf.layers.dense({ units: count, activation: 'tanh', ...(i === 0 ? { inputShape: [784] } : {}) })),
  tf.layers.dense({ units: 10, activation: 'softmax' }),
] })

/** The teacher, trained once, and its accuracy on the test digits. The caller disposes of the model. */
export async function trainTeacher({ teacher, validation }: Lesson, onTest: Evaluator): Promise<{ readonly model: tf.LayersModel; readonly accuracy: number }> {
  const study = await createStudy({ name: 'teacher', space: { epochs: constant(8) }, objective: maximize('valAccuracy'), artifacts: new MemoryArtifacts(), seed: 1, progress: false })
  await study.optimize(tfjsTrainer({
    tf, backend: wasm(), build: () => dense([128]), data: { train: rowsOf(teacher), validation: rowsOf(validation) },
    epochs: ({ epochs }) => epochs, batchSize: 64, loss: 'categoricalCrossentropy', metrics: ['accuracy'], optimizer: { type: 'adam', learningRate: 0.002 },
  }), { trials: 1, evaluators: [onTest] })
  return { model: await loadModel(tf, (await study.best.artifact())!.bytes), accuracy: study.best.metrics['test.accuracy']! }
}

export interface Student {
  readonly temperature: number
  readonly hardLabelWeight: number
}

/** A student of sixteen hidden units; with a weight of the labels of 1 it learns without its teacher. */
export function trainStudent(teacher: tf.LayersModel, { student, validation }: Lesson, epochs: number): Trainer<Student> {
  return distillation<Student>({
    tf, backend: wasm(), teacher: tfjsPredictor(tf, teacher), student: () => dense([16]),
    data: { train: rowsOf(student), validation: rowsOf(validation) },
    epochs, batchSize: 30, report: { steps: epochs * Math.ceil(student.labels.length / 30) }, optimizer: { type: 'adam', learningRate: 0.01 },
    temperature: ({ temperature }) => temperature,
    hardLabelWeight: ({ hardLabelWeight }) => hardLabelWeight,
  })
}
