import type { Awaitable, Predictor, Rows } from '@attune/core'
import type { BatchSource, PreparedSets } from '../data/batch-source.ts'
import { tfjsError } from '../error.ts'
import { askTeacher, checkTeacherRows, type TeacherLogits } from './teacher-logits.ts'

/** A teacher's answers that were computed elsewhere: logits in the order of the samples, [samples, classes]. */
export interface TeacherAnswers {
  readonly train: Rows
  /** Needed where there are validation data. */
  readonly validation?: Rows
}

/**
 * Who teaches: a predictor, which stays the caller's; its answers; or a function that opens a predictor when the first trial needs it,
 * which is closed when `optimize` ends.
 */
export type Teacher = Predictor | TeacherAnswers | (() => Awaitable<Predictor>)

/** A teacher whose answers are computed once for each data set, whatever the number of trials. */
export class KnownTeacher {
  readonly #given: Teacher
  #opened: Promise<Predictor> | undefined
  readonly #answers: Map<BatchSource, Promise<TeacherLogits>> = new Map()

  constructor(given: Teacher) {
    const valid = typeof given === 'function' || isPredictor(given) || (typeof given === 'object' && given !== null && 'train' in given)
    if (!valid) throw tfjsError('TFJS_OPTION', 'teacher must be a Predictor, as tfjsPredictor(tf, model) or onnxPredictor(…) of @attune/onnx-adapter make one, a function that opens one, or its logits: { train: { data, shape }, validation }.')
    this.#given = given
  }

  /** Opens the teacher, if that is still to be done. */
  async open(): Promise<void> {
    if (typeof this.#given !== 'function' || this.#opened !== undefined) return
    const opening = opened(this.#given)
    this.#opened = opening
    await opening.catch((error: unknown) => {
      // The next trial tries again.
      this.#opened = undefined
      throw error
    })
  }

  /** Logits for all samples of a set, [samples, classes]. */
  async answers(data: PreparedSets, set: 'train' | 'validation', signal: AbortSignal): Promise<TeacherLogits> {
    const source = set === 'train' ? data.train : data.validation!
    const known = this.#answers.get(source)
    if (known !== undefined) return known
    const asking = this.#ask(source, set, signal)
    this.#answers.set(source, asking)
    asking.catch(() => this.#answers.delete(source))
    return asking
  }

  async close(): Promise<void> {
    const opened = this.#opened
    this.#opened = undefined
    this.#answers.clear()
    const predictor = await opened?.catch(() => undefined)
    await predictor?.close?.()
  }

  async #ask(source: BatchSource, set: 'train' | 'validation', signal: AbortSignal): Promise<TeacherLogits> {
    const given = this.#given
    if (typeof given === 'object' && !isPredictor(given)) {
      const rows = given[set]
      if (rows === undefined) throw tfjsError('TFJS_TEACHER', 'There are validation data, but no logits of the teacher for them: give teacher: { train, validation }.')
      return checkTeacherRows(rows, source)
    }
    await this.open()
    return askTeacher(typeof given === 'function' ? await this.#opened! : given, source, signal)
  }
}

async function opened(open: () => Awaitable<Predictor>): Promise<Predictor> {
  const predictor = await open()
  if (!isPredictor(predictor)) throw tfjsError('TFJS_TEACHER', 'The function that is given as teacher opened something that is no Predictor: it has to return (a promise of) one, as in async () => onnxPredictor(file).')
  return predictor
}

function isPredictor(value: unknown): value is Predictor {
  // A model of tfjs has predict(), too.
  return typeof value === 'object' && value !== null && typeof (value as Partial<Predictor>).predict === 'function' && (value as Partial<Predictor>).specVersion === 'v1'
}
