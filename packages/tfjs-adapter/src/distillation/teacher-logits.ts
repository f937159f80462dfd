import type { Predictor, Rows } from '@attune/core'
import type { BatchSource } from '../data/batch-source.ts'
import { tfjsError } from '../error.ts'

/** A teacher's answers to a data set: row by row as the samples are, [samples, classes]. */
export type TeacherLogits = Rows

/** Samples that are shown to the teacher at once. */
const BATCH = 256

/**
 * Asks the teacher about every sample of a data set, once.
 * @throws AttuneError `TFJS_DATA` for a stream, or several inputs; `TFJS_TEACHER` for answers that are no logits of these samples, probabilities among them.
 */
export async function askTeacher(teacher: Predictor, source: BatchSource, signal: AbortSignal): Promise<TeacherLogits> {
  const samples = addressable(source)
  if (source.inputShapes.length !== 1) throw tfjsError('TFJS_DATA', `${source.name} has ${source.inputShapes.length} inputs: a teacher is asked about one.`)
  let logits: Float32Array | undefined
  let classes = 0
  for await (const { inputs, targets, size, indices } of source.batches({ batchSize: BATCH, epoch: 1, shuffleSeed: undefined, skip: 0 })) {
    try {
      signal.throwIfAborted()
      const input = inputs[0]!
      const answer = await teacher.predict({ data: Float32Array.from(await input.data()), shape: input.shape }, { signal })
      classes = checkAnswer(teacher.id, answer, size, classes)
      logits ??= new Float32Array(samples * classes)
      for (let row = 0; row < size; row++) logits.set(answer.data.subarray(row * classes, (row + 1) * classes), indices![row]! * classes)
    } finally {
      for (const tensor of [...inputs, ...targets]) tensor.dispose()
    }
  }
  const answers = { data: logits ?? new Float32Array(0), shape: [samples, classes] }
  refuseProbabilities(teacher.id, answers)
  return answers
}

/** The number of classes. A teacher may be anybody's, and what it answers anything. */
function checkAnswer(teacher: string, answer: Rows, rows: number, classes: number): number {
  if (typeof answer !== 'object' || answer === null || !(answer.data instanceof Float32Array) || !Array.isArray(answer.shape)) throw teacherError(teacher, 'answered something else than { data, shape }, a Float32Array and [samples, classes]')
  const { data, shape } = answer
  const [given, width] = shape
  const sizes = `[${shape.join(', ')}]`
  if (shape.length !== 2 || given !== rows || width === undefined || data.length !== rows * width) throw teacherError(teacher, `answered ${rows} samples with the shape ${sizes}; expected [${rows}, classes]`)
  if (width < 2) throw teacherError(teacher, 'gives one number a sample: a teacher of two classes answers two logits, as [0, z] for the single logit z of a sigmoid')
  if (classes !== 0 && width !== classes) throw teacherError(teacher, `answered with ${classes} classes first and with ${width} later`)
  const broken = data.findIndex((value) => !Number.isFinite(value))
  if (broken >= 0) throw teacherError(teacher, `answered ${String(data[broken])} for class ${broken % width}: logits are finite (for probabilities give their logarithm, bounded from below)`)
  return width
}

/** As logits, probabilities would say that all classes are about as likely: a student would learn next to nothing, without a word. */
function refuseProbabilities(teacher: string, { data, shape }: Rows): void {
  const [rows, classes] = shape as readonly [number, number]
  for (let row = 0; row < rows; row++) {
    let sum = 0
    for (const value of data.subarray(row * classes, (row + 1) * classes)) {
      if (value < 0) return
      sum += value
    }
    if (Math.abs(sum - 1) > 1e-3) return
  }
  throw teacherError(teacher, "answered probabilities (no row has one below 0, and each adds up to 1), not logits: give what comes before the softmax, or say scores: 'probabilities' to onnxPredictor(…), which gives their logarithms")
}

function teacherError(teacher: string, problem: string): Error {
  return tfjsError('TFJS_TEACHER', `The teacher "${teacher}" ${problem}.`)
}

/** Answers that were computed elsewhere, in the order of the samples of `source`. @throws AttuneError `TFJS_TEACHER`. */
export function checkTeacherRows(rows: Rows, source: BatchSource): TeacherLogits {
  const teacher = `given for ${source.name}`
  checkAnswer(teacher, rows, addressable(source), 0)
  refuseProbabilities(teacher, rows)
  return rows
}

function addressable({ samples, name }: BatchSource): number {
  if (samples === undefined) throw tfjsError('TFJS_DATA', `${name} is a stream: the teacher's answers are kept by the position of a sample, so give tensors or typed arrays.`)
  return samples
}
