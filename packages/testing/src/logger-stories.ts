import { copyStudy, createStudy, float, int, loadStudy, maximize, MemoryArtifacts, type PrunerFactory, type Report, type Storage, type Study, type StudyEvent } from '@attune/core'
import { sharedStorage } from './drive.ts'
import { loggerContextOf, type TestLoggerContext } from './logger-context.ts'

/** What a real study told, and what its loggers are told of it. */
export interface Story {
  readonly context: TestLoggerContext
  readonly events: readonly StudyEvent[]
}

async function storyOf(study: Study<unknown>, artifacts?: MemoryArtifacts): Promise<Story> {
  const events: StudyEvent[] = []
  for await (const event of study.events()) events.push(event)
  const story = { context: loggerContextOf(study, { owner: 'a process', ...(artifacts === undefined ? {} : { artifact: async ({ hash }) => artifacts.get(hash) }) }), events }
  await study.close()
  return story
}

async function openPlain(name: string, storage: Storage, more: { readonly pruner?: PrunerFactory } = {}): Promise<Study<unknown>> {
  return (await createStudy({ name, storage, seed: 3, ifExists: 'resume', objective: maximize('accuracy'), space: { rate: float(0, 1), units: int(1, 8) }, ...more })) as Study<unknown>
}

/** A value of a report that is exact in single precision, and different for each trial and step. */
function exact(number: number, step: number): number {
  return number + step / 64
}

/** Four trials of five reports, two metrics each. */
export async function plainStory(name = 'conformance'): Promise<Story> {
  const study = await openPlain(name, sharedStorage())
  await study.optimize(plainTraining, { trials: 4 })
  return storyOf(study)
}

/** What the trials of plain stories do. */
export async function* plainTraining(trial: { readonly number: number }): AsyncGenerator<Report, void, void> {
  for (let step = 1; step <= 5; step++) yield { step, accuracy: exact(trial.number, step), loss: -exact(trial.number, step) }
}

/** Pauses trial 0 at its second step, once, and lets it go on later. */
const pausing: PrunerFactory = {
  specVersion: 'v1',
  id: 'pausing',
  create: ({ history, remark }) => ({
    judge: ({ number, step }) => {
      if (number === 2 && step === 3) remark('Trial 2 is pruned.')
      return number === 0 && step === 2 ? 'pause' : number === 2 && step === 3 ? 'prune' : 'continue'
    },
    next: () => (history.length < 2 || history.state(0) !== 'paused' ? undefined : history.curve(0).length < 5 ? { promote: 0, toStep: 5 } : { promote: 0 }),
  }),
}

/** A study in which everything happens that can happen to one. */
export async function eventfulStory(): Promise<Story> {
  const storage = sharedStorage()
  const artifacts = new MemoryArtifacts()
  const open = async (): Promise<Study<unknown>> =>
    (await createStudy({ name: 'eventful', storage, artifacts, pruner: pausing, seed: 3, ifExists: 'resume', objective: maximize('accuracy') })) as Study<unknown>
  const first = await open()
  await first.setAttribute('data', { name: 'digits', classes: [0, 1, 2] })
  await first.optimize(
    async function* (trial) {
      const rate = trial.float('rate', 0, 1)
      if (trial.number === 3) trial.int('late', 1, 4)
      for (let step = (trial.resumeFrom?.step ?? 0) + 1; step <= 5; step++) {
        if (trial.number === 1 && trial.attempt === 1 && step === 3) throw new Error('This attempt fails on purpose.')
        if (trial.number === 4) throw new Error('This trial fails on purpose.')
        yield { step, accuracy: exact(trial.number, step), checkpoint: () => new TextEncoder().encode(`${rate} ${step}`) }
      }
      trial.warn('The learning rate was lowered.')
      await trial.setAttribute('epochs', 5)
      return { kind: 'text', bytes: () => new TextEncoder().encode(String(rate)), as: () => Promise.reject(new Error('There is no other format.')) }
    },
    { stop: ({ history, counts }) => (history.length >= 6 && counts.waiting + counts.paused === 0 ? 'enough trials' : undefined), retry: { times: 1, on: ['error'] } },
  )
  await first.close()
  const second = await open()
  await storage.write(second.summary.id, { id: 'amend', operations: [{ type: 'amend', number: 5, amendment: { metrics: { accuracy: 99 }, note: 'Measured again.' }, by: 'me' }] })
  await second.refresh()
  return storyOf(second, artifacts)
}

/** A copy of a study in which everything is corrected that can be. */
export async function correctedStory(): Promise<Story> {
  const storage = sharedStorage()
  await (await openPlain('original', storage)).optimize(plainTraining, { trials: 4 })
  const other = await openPlain('other', storage)
  await other.optimize(plainTraining, { trials: 2 })
  await copyStudy(storage, 'original', 'copy', { by: 'Ada' })
  const copy = await loadStudy({ storage, name: 'copy' })
  await copy.void(0, 'The data was mixed up.', { by: 'Ada' })
  await copy.restore(0, 'It was not.')
  await copy.void(3, 'The data was mixed up.')
  await copy.void(await copy.enqueue({ rate: 0.5, units: 2 }, { again: true }), 'Nobody needs it.')
  await copy.edit(1, { metrics: { accuracy: 99 } }, 'In percent.')
  await copy.addMetrics(2, { test: 0.5 }, 'Measured on the test set.')
  await copy.rename('corrected', { note: 'It is not a copy any more.' })
  await copy.extendSpace({ rate: float(0, 2), units: int(1, 8), dropout: float(0, 1) }, { values: { dropout: 0 }, note: 'Regularise.' })
  await copy.merge(other, { values: { dropout: 0.25 } })
  await copy.optimize(plainTraining, { more: 1 })
  return storyOf(copy)
}

/** Texts that have broken trackers: paths, markup, control characters, other scripts, extreme lengths. */
export const hostileTexts: readonly string[] = [
  '../../outside',
  '/absolute/path',
  'C:\\Windows\\con',
  'nul',
  '..',
  ' leading and trailing ',
  'dots...',
  'a/b//c',
  '<script>alert(1)</script>',
  "Robert'); DROP TABLE trials;--",
  '%2e%2e%2f{{7*7}}${PATH}',
  'tab\tnew\nline\u0000nul\u001b[31m',
  'Grüße 東京 עברית 🧪👩‍🔬',
  '\ud83dlone surrogate',
  'é and e\u0301',
  'constructor',
  'x'.repeat(200),
]

/** A study with a hostile name, hostile names of metrics and attributes, and hostile values. */
export async function hostileStory(name: string): Promise<Story> {
  const study = await openPlain(name, sharedStorage())
  await study.setAttribute(name, hostileTexts)
  await study.setAttribute('huge', 'y'.repeat(1_000_000))
  await study.setAttribute('numbers', [NaN, Infinity, -Infinity, -0, 5e-324, 1.797e308, 2 ** 53])
  study.warn(name, name)
  const trial = await study.ask()
  const values = [NaN, Infinity, -Infinity, -0, 1e-320, Number.MAX_VALUE, Number.MIN_VALUE]
  for (const [i, value] of values.entries()) await trial.report({ step: i * 1_000_000_000, accuracy: 0.5, 'odd/one': value })
  await study.tell(trial, { accuracy: Infinity, [name === 'constructor' ? 'constructor ' : name]: 1 })
  await study.fail(await study.ask(), new Error(`${name} ${'z'.repeat(100_000)}`))
  const last = await study.ask()
  await last.report({ step: 1, accuracy: 0.25 })
  await study.tell(last, { accuracy: 0.25 })
  return storyOf(study)
}
