import type { Awaitable, Trainer } from '@attune/core'
import type { Batch } from '../data/batch-source.ts'
import { tfjsError } from '../error.ts'
import { logitsOf } from '../logits.ts'
import type { LayersModel, Scalar, Tensor, TensorFlow } from '../tensorflow.ts'
import { createTrainer } from '../training/create-trainer.ts'
import { creating } from '../training/creating.ts'
import { disposeModel } from '../training/layers/dispose-model.ts'
import { openLayersProgram } from '../training/layers/layers-program.ts'
import type { BuildContext, Metric } from '../training/layers/options.ts'
import { perTrial } from '../training/loop-settings.ts'
import { trainingOptionNames } from '../training/option-names.ts'
import type { PerTrial, TrainingOptions } from '../training/options.ts'
import { refuseUnknownOptions, type OptionNames } from '../unknown-options.ts'
import { agreement, distillationLoss, jensenShannon, type DistillationForm, type DistillationSetting } from './distillation-loss.ts'
import type { TeacherLogits } from './teacher-logits.ts'
import { KnownTeacher, type Teacher } from './teacher.ts'

/** Options of `distillation`. */
export interface DistillationOptions<P> extends TrainingOptions<P> {
  /** Asked once about every sample before the first trial of each `optimize`; its answers are kept in memory until that ends (4 bytes a sample and class). */
  readonly teacher: Teacher
  /** Makes the student of a trial, as `build` of `tfjsTrainer` does: a layers model with one input and one output, which ends in a softmax; not compiled. */
  readonly student: (params: P, tf: TensorFlow, context: BuildContext) => Awaitable<LayersModel>
  /** Default `hinton`. */
  readonly form?: PerTrial<P, DistillationForm>
  /** T, from 10⁻⁴ to 10⁴: how much the teacher's answers are softened. */
  readonly temperature: PerTrial<P, number>
  /** λ, from 0 (the teacher alone) to 1 (the labels alone). */
  readonly hardLabelWeight: PerTrial<P, number>
  /** Default `['accuracy']`. */
  readonly metrics?: PerTrial<P, readonly Metric[]>
}

const optionNames: OptionNames<DistillationOptions<never>> = { ...trainingOptionNames, teacher: true, student: true, form: true, temperature: true, hardLabelWeight: true, metrics: true }

const SCORES = ['teacherAgreement', 'teacherDivergence'] as const

/** Beyond these, softened answers of a float32 are all equal or all certain, and T² is lost in rounding. */
const [COLDEST, WARMEST] = [1e-4, 1e4] as const

/** A probability that float32 cannot tell from 0 has no logarithm. */
const SMALLEST = 1e-30

/**
 * Trains a student on what a teacher says of the training samples, and on their labels. Reports, besides what `tfjsTrainer` reports,
 * `valTeacherAgreement` (the share of validation samples to which both give the same class) and `valTeacherDivergence` (the mean Jensen–Shannon
 * divergence in nats, from 0 to ln 2); without validation data `teacherAgreement` and `teacherDivergence`, of the training samples. `loss` is what is learnt and depends on T and λ; `valLoss` is the cross-entropy with the labels,
 * which can be compared between trials.
 * @throws AttuneError `TFJS_OPTION` without a teacher or student, and for options that do not exist; while training: `TFJS_TEACHER` for answers that are no logits of the samples, `TFJS_MODEL` for a student that does not end in a softmax,
 * and all of `tfjsTrainer`.
 */
export function distillation<P>(options: DistillationOptions<P>): Trainer<P> {
  refuseUnknownOptions('distillation', options, optionNames)
  if (typeof options.student !== 'function') throw tfjsError('TFJS_OPTION', 'student must be a function of the parameters that returns a layers model, a new one for each trial: ({ units }) => tf.sequential({ layers: […] }).')
  const teacher = new KnownTeacher(options.teacher)
  const trainer = createTrainer<P>({
    ...options,
    // A teacher that is opened here is part of what the trainer holds, not of what a trial leaves behind.
    data: async () => {
      await teacher.open()
      return typeof options.data === 'function' ? await options.data() : options.data
    },
  }, async (context) => {
    const { tf, trial, data } = context
    const setting = settingFor(options, trial.params)
    const learnt = await teacher.answers(data, 'train', trial.signal)
    const judged = data.validation === undefined ? learnt : await teacher.answers(data, 'validation', trial.signal)
    const model = await creating(tf, trial.seed, () => options.student(trial.params, tf, { seed: trial.seed }))
    try {
      checkStudent(tf, model, learnt, judged)
    } catch (error) {
      if (model instanceof tf.LayersModel) disposeModel(model)
      throw error
    }
    return openLayersProgram(context, {
      model,
      objective: { loss: 'categoricalCrossentropy', metrics: options.metrics ?? ['accuracy'] },
      loss: (batch, [output]) => distillationLoss(tf, setting, oneHot(tf, batch, output!), pick(tf, learnt, batch), logarithm(tf, output!)),
      scores: {
        names: SCORES,
        of: (batch, [output]) => {
          const [taught, said] = [pick(tf, judged, batch), logarithm(tf, output!)]
          return [tf.mean<Scalar>(agreement(tf, taught, said)), tf.mean<Scalar>(jensenShannon(tf, taught, said))]
        },
      },
    })
  })
  return {
    ...trainer,
    async release() {
      await trainer.release?.()
      await teacher.close()
    },
  }
}

function settingFor<P>(options: DistillationOptions<P>, params: P): DistillationSetting {
  const form = perTrial(options.form ?? 'hinton', params)
  const temperature = perTrial(options.temperature, params)
  const hardLabelWeight = perTrial(options.hardLabelWeight, params)
  if (form !== 'hinton' && form !== 'mixture') throw tfjsError('TFJS_OPTION', `form is 'hinton' or 'mixture', got ${JSON.stringify(form)}.`)
  if (typeof temperature !== 'number' || !(temperature >= COLDEST && temperature <= WARMEST)) throw tfjsError('TFJS_OPTION', `temperature must be a number from ${COLDEST} to ${WARMEST}, got ${typeof temperature === 'number' ? temperature : JSON.stringify(temperature)}.`)
  if (typeof hardLabelWeight !== 'number' || !(hardLabelWeight >= 0 && hardLabelWeight <= 1)) throw tfjsError('TFJS_OPTION', `hardLabelWeight must be from 0 (the teacher alone) to 1 (the labels alone), got ${String(hardLabelWeight)}.`)
  return { form, temperature, hardLabelWeight }
}

function checkStudent(tf: TensorFlow, model: LayersModel, ...answers: readonly TeacherLogits[]): void {
  // What is no model at all is refused where all models are.
  if (!(model instanceof tf.LayersModel) || !Array.isArray(model.outputs)) return
  if (!logitsOf(tf, model).softmax) throw tfjsError('TFJS_MODEL', "The student does not end in a softmax: give its last layer activation: 'softmax', so that its logits can be softened like the teacher's.")
  if (model.inputs.length !== 1) throw tfjsError('TFJS_MODEL', `The student has ${model.inputs.length} inputs: as the teacher it is shown one.`)
  const shape = model.outputs[0]!.shape
  if (shape.length !== 2) throw tfjsError('TFJS_MODEL', `The student answers [${shape.slice(1).map((size) => size ?? 'any').join(', ')}] for a sample; distillation is for one row of classes.`)
  const classes = answers.map((answer) => answer.shape[1]).find((width) => width !== shape[1])
  if (classes !== undefined) throw tfjsError('TFJS_TEACHER', `The teacher knows ${classes} classes, the student ${shape[1]}.`)
}

/** The teacher's logits for the samples of a batch. */
function pick(tf: TensorFlow, { data, shape }: TeacherLogits, { indices, size }: Batch): Tensor {
  const classes = shape[1]!
  const rows = new Float32Array(size * classes)
  indices!.forEach((sample, row) => rows.set(data.subarray(sample * classes, (sample + 1) * classes), row * classes))
  return tf.tensor2d(rows, [size, classes])
}

/** Logits are determined but for a constant, which the logarithms of the probabilities fix. */
function logarithm(tf: TensorFlow, probabilities: Tensor): Tensor {
  return tf.log(tf.maximum(probabilities, SMALLEST))
}

function oneHot(tf: TensorFlow, { targets }: Batch, output: Tensor): Tensor {
  const [truth] = targets as readonly [Tensor, ...Tensor[]]
  if (truth.shape[1] === output.shape[1]) return truth
  return tf.oneHot(tf.cast(tf.reshape(truth, [-1]), 'int32'), output.shape[1]!)
}
