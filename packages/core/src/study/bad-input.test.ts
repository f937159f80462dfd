import { describe, expect, it } from 'vitest'
import { MemoryArtifacts } from '../artifact/memory-artifacts.ts'
import type { SamplerFactory } from '../contracts/sampler.ts'
import { maximize, minimize } from '../objective/objectives.ts'
import { random } from '../random/random-sampler.ts'
import { float, int, repeat } from '../space/builders.ts'
import { linear } from '../space/constraint.ts'
import { space as buildSpace } from '../space/space.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { systemClock } from '../system.ts'
import { createStudy } from './create-study.ts'
import { copyStudy, deleteStudy, listStudies, loadStudy } from './manage-studies.ts'

const space = { learningRate: float(0, 1), n: int(1, 8) }

/** A sampler that answers what it is told. */
function answering(params: { readonly [path: string]: number }): SamplerFactory {
  return { specVersion: 'v1', id: 'bad', revision: 1, create: () => ({ suggest: () => ({ params }) }) }
}

describe('options that cannot be meant', () => {
  it.each([null, 5, 'study'])('of createStudy are refused with an example: %s', async (options) => {
    await expect(createStudy(options as never)).rejects.toMatchObject({ code: 'OPTION', message: expect.stringMatching(/createStudy takes an object of options, as in/) as unknown })
  })

  it('of a space are refused', () => {
    expect(() => buildSpace({ x: float(0, 1) }, { constraint: [] } as never)).toThrow('A space does not know the option "constraint": it takes { constraints: [ … ] }.')
    expect(() => buildSpace({ x: float(0, 1) }, null as never)).toThrow('The options of a space cannot be null')
  })
})

describe('methods that are taken out of their trial', () => {
  it('work as they do on it', async () => {
    const study = await createStudy({ seed: 1, artifacts: new MemoryArtifacts() })
    await study.optimize(async ({ number, float: draw, int, choice, boolean, ordinal, constant, report, warn, setAttribute, setArtifact }) => {
      warn('a hint')
      await setArtifact('curve.txt', new Uint8Array([1]))
      await setAttribute('key', number)
      expect([int('n', 1, 2), choice('c', ['a']), boolean('b'), ordinal('o', [1, 2]), constant('k', 5)]).toHaveLength(5)
      expect(await report({ step: 1, value: draw('x', 0, 1) })).toBe('continue')
    }, { trials: 2 })
    expect(study.trials().map(({ state, attributes }) => [state, attributes['key']])).toEqual([['complete', 0], ['complete', 1]])
  })
})

describe('metrics', () => {
  it('that are not declared are refused with the nearest name', async () => {
    const study = await createStudy({ space, objective: minimize('loss'), metrics: ['loss', 'accuracy'], seed: 1 })
    const trial = await study.ask()
    await expect(trial.report({ step: 1, acuracy: 1 })).rejects.toMatchObject({ code: 'INVALID_METRIC', message: 'Metric "acuracy" is not declared: the study has metrics "loss", "accuracy". Did you mean "accuracy"?' })
    // @ts-expect-error An undeclared name is a type error too.
    await expect(study.tell(trial, { los: 1 })).rejects.toThrow(/Did you mean "loss"/)
    expect(study.trial(0).state).toBe('running')
  })

  it('that are objectives must be declared, if any are', async () => {
    // @ts-expect-error An objective that is not declared is a type error too.
    await expect(createStudy({ space, objective: minimize('los'), metrics: ['loss'] })).rejects.toMatchObject({ code: 'UNDECLARED_METRIC' })
  })

  it('without the objective fail the trial, and say which name is missing', async () => {
    const study = await createStudy({ space, objective: maximize('valAccuracy'), seed: 1 })
    await expect(study.optimize(() => ({ valAcuracy: 1 }), { trials: 3 })).rejects.toThrow('The objective "valAccuracy" is missing among the metrics "valAcuracy". Should "valAcuracy" be "valAccuracy"?')
    expect(study.trial(0).failure!.reason).toBe('invalid-metric')
  })

  it.each([
    ['nothing', undefined, /returned nothing: return a number, an object with the metric "value", or report steps/],
    ['a text', 'good', /returned a value of type string/],
    ['an array', [1], /type array/],
    ['metrics that are no numbers', { value: '1' }, /Metric "value" is "1": metrics are numbers/],
    ['a promise as a metric', { value: Promise.resolve(1) }, /Metric "value" is a promise: await it/],
  ])('as %s fail the trial with what to return', async (_, result, message) => {
    const study = await createStudy({ space, seed: 1 })
    await expect(study.optimize((() => result) as never, { trials: 1 })).rejects.toThrow(message)
  })

  it('as one number for several objectives are refused', async () => {
    const study = await createStudy({ space, objective: [minimize('a'), minimize('b')], seed: 1 })
    await expect(study.optimize(() => 1, { trials: 1 })).rejects.toThrow(/has 2 objectives: answer all of them by name, as in \{ a: …, b: … \}/)
  })

  it.each(['', 'step', 'checkpoint'])('named "%s" are refused', (name) => {
    expect(() => minimize(name)).toThrow(/An objective needs the name of a metric/)
  })
})

describe('steps', () => {
  it.each([
    [[1, 1], /Step 1 was reported after step 1: steps of a trial must grow/],
    [[2, 1], /Step 1 was reported after step 2/],
    [[1.5], /needs an integer "step", got 1.5/],
  ])('%j fail the trial', async (steps, message) => {
    const study = await createStudy({ space, objective: minimize('loss'), seed: 1 })
    await expect(study.optimize(async function* () {
      for (const step of steps) yield { step, loss: 1 }
    }, { trials: 1 })).rejects.toThrow(message)
    expect(study.trial(0).failure!.reason).toBe('invalid-metric')
  })

  it('that are missing fail the trial', async () => {
    const study = await createStudy({ space, seed: 1 })
    await expect(study.optimize(async function* () {
      yield 5 as never
    }, { trials: 1 })).rejects.toThrow(/The training yielded 5: yield reports/)
  })
})

describe('tell', () => {
  it('is refused twice, for unknown trials, and for those of another study', async () => {
    const [study, other] = [await createStudy({ space, seed: 1 }), await createStudy({ space, seed: 1 })]
    const trial = await study.ask()
    await expect(other.tell(trial, 1)).rejects.toMatchObject({ code: 'FOREIGN_TRIAL' })
    await study.tell(trial, 1)
    await expect(study.tell(trial, 2)).rejects.toMatchObject({ code: 'TRIAL_ENDED', message: 'Trial 0 is complete already: a trial is told once.' })
    await expect(study.tell(7, 2)).rejects.toMatchObject({ code: 'TRIAL_NOT_FOUND' })
    await expect(trial.report({ step: 1, value: 1 })).rejects.toMatchObject({ code: 'TRIAL_ENDED' })
    expect(study.best.value).toBe(1)
  })
})

describe('a sampler', () => {
  it.each([
    [{ learningRate: 2, n: 1 }, /'learningRate' is 2, which is not a value of/],
    [{ learningRate: 0.5 }, /'n' is missing/],
    [{ learningRate: 0.5, n: 1, more: 1 }, /'more' is not a parameter/],
  ])('that answers %j is refused by name, and loses nothing', async (params, message) => {
    const study = await createStudy({ space, sampler: answering(params), seed: 1 })
    await study.add({ params: { learningRate: 1, n: 1 }, value: 1 })
    await expect(study.optimize(() => 1, { trials: 3 })).rejects.toMatchObject({ code: 'INVALID_SUGGESTION', message: expect.stringMatching(message) as unknown })
    expect(study.columns.length).toBe(1)
  })

  it('with a note above 4 kB is refused', async () => {
    const study = await createStudy({ space, sampler: { specVersion: 'v1', id: 'chatty', revision: 1, create: () => ({ suggest: () => ({ params: { learningRate: 1, n: 1 }, note: 'x'.repeat(5000) }) }) } })
    await expect(study.ask()).rejects.toThrow(/"chatty" attached an explanation and a note of 5011 characters/)
  })

  it.each([null, 'near the best', { model: 'guess' }, { model: 'guess', why: 'x', predicted: 3 }, { model: 'guess', why: 'x', predicted: [null] }, { model: 'guess', why: 'x', predicted: [{ metric: 'value', mean: 1 }] }])('with the explanation %j is refused', async (explanation) => {
    const study = await createStudy({ space, sampler: { specVersion: 'v1', id: 'odd', revision: 1, create: () => ({ suggest: () => ({ params: { learningRate: 1, n: 1 }, explanation: explanation as never }) }) } })
    await expect(study.ask()).rejects.toMatchObject({ code: 'INVALID_SUGGESTION', message: expect.stringMatching(/"odd" attached an explanation that is none: give the texts `model` and `why`/) as unknown })
  })

  it('that throws ends the run with its own error', async () => {
    const thrown = new Error('inside')
    const study = await createStudy({ space, sampler: { specVersion: 'v1', id: 'thrower', revision: 1, create: () => ({ suggest: () => { throw thrown } }) } })
    await expect(study.optimize(() => 1, { trials: 1 })).rejects.toBe(thrown)
  })

  it('that throws when it is told a trial ends the run with its own error, and the result is kept', async () => {
    const thrown = new Error('inside')
    const study = await createStudy({ space, sampler: { ...answering({ learningRate: 1, n: 1 }), create: () => ({ observe: () => { throw thrown }, suggest: () => ({ params: { learningRate: 1, n: 1 } }) }) } })
    await expect(study.optimize(() => 1, { trials: 3 })).rejects.toBe(thrown)
    expect(study.trials().map(({ state }) => state)).toEqual(['complete'])
  })
})

describe('options', () => {
  it.each([
    [{ trials: 1, concurrency: 0 }, 'concurrency must be an integer of at least 1, got 0.'],
    [{ trials: -1 }, 'trials must be an integer of at least 0, got -1.'],
    [{ trials: 1.5 }, 'trials must be an integer of at least 0, got 1.5.'],
    [{ trials: 1, timeout: -5 }, 'timeout must be a number of at least 0, got -5.'],
    [{ trials: 1, trialTimeout: -1 }, 'trialTimeout must be a number of at least 0, got -1.'],
    [{ trials: 1, retry: -1 }, 'retry must be an integer of at least 0, got -1.'],
    [{ trials: 1, retry: { times: 1, on: ['time-out' as never] } }, 'retry.on knows the reasons "error", "timeout", "out-of-memory", "invalid-metric", "aborted", "lost", "crashed", not "time-out". Did you mean "timeout"?'],
    [{ trials: 1, more: 1 }, '"trials" is the total the study should have and "more" what to add to it: give one of them.'],
    [{ trials: '5' as never }, 'trials must be an integer of at least 0, got "5".'],
    [{ trials: 1, retry: true as never }, 'retry must be an integer of at least 0, got true.'],
    [{ stop: 5 as never }, 'stop must be a rule or an array of them, as in stop: noProgress(50).'],
    [{ trials: 1, stop: [5] as never }, 'stop must be a rule or an array of them, as in stop: noProgress(50).'],
    [{ trials: 1, signal: new AbortController() as never }, 'signal must be an AbortSignal, as in signal: controller.signal.'],
    [{ trials: 1, evaluators: {} as never }, 'evaluators must be an array, as in evaluators: [onnxEvaluator({ … })].'],
    [{}, 'Nothing would end this run: give "trials", "more", "timeout", "stop" or "signal".'],
  ])('%j of optimize are refused', async (options, message) => {
    const study = await createStudy({ space, seed: 1 })
    await expect(study.optimize(() => 1, options)).rejects.toMatchObject({ code: 'OPTION', message })
  })

  it('of createStudy that do not exist are refused with the nearest name', async () => {
    await expect(createStudy({ sapce: space } as never)).rejects.toMatchObject({ code: 'OPTION', message: 'createStudy does not know the option "sapce". Did you mean "space"?' })
    await expect(createStudy({ space, objective: [] })).rejects.toThrow(/at least one objective/)
    await expect(createStudy({ space, objective: [minimize('a'), maximize('a')] })).rejects.toThrow(/"a" is an objective twice/)
    await expect(createStudy({ space, name: '' })).rejects.toThrow(/name of a study/)
    await expect(createStudy({ space, seed: 0.5 })).rejects.toMatchObject({ code: 'SEED' })
    await expect(createStudy({ space: {} })).rejects.toMatchObject({ code: 'EMPTY_SPACE' })
  })

  it.each([
    [{ sampler: 'tpe' }, 'sampler cannot be "tpe": give one as in sampler: random().'],
    [{ sampler: random }, 'sampler cannot be a function: give one as in sampler: random(). Was it not called?'],
    [{ pruner: {} }, 'pruner cannot be an object: give one as in pruner: asha(), of @attune/pruners.'],
    [{ storage: 'study.db' }, `storage cannot be "study.db": give one as in storage: sqlite('study.db'), of @attune/storage.`],
    [{ artifacts: './models' }, 'artifacts cannot be "./models": give one as in artifacts: new MemoryArtifacts().'],
    [{ executor: null }, 'executor cannot be null: give one as in executor: new InProcessExecutor().'],
    [{ loggers: { create() {} } }, "loggers cannot be an object with create: give one as in loggers: [tensorboard({ logDir: 'runs' })], an array."],
    [{ loggers: ['tensorboard'] }, `loggers cannot be "tensorboard": give one as in loggers: [tensorboard({ logDir: 'runs' })].`],
    [{ objective: 'loss' }, `objective cannot be "loss": give minimize('loss') or maximize('accuracy').`],
    [{ constraints: { latency: 5 } }, 'The constraint on "latency" cannot be 5: give atMost(5) or atLeast(5).'],
    [{ objective: ['loss'] }, `objective cannot be "loss": give minimize('loss') or maximize('accuracy').`],
  ])('that are no plugin or objective are refused: %j', async (options, message) => {
    await expect(createStudy({ space, seed: 1, ...options } as never)).rejects.toMatchObject({ code: 'OPTION', message })
  })

  it('refuse a listener that is no function, and a trial that is none', async () => {
    const study = await createStudy({ space })
    expect(() => study.on('trial.completed' as never)).toThrow(expect.objectContaining({ code: 'OPTION', message: expect.stringContaining('on takes one function') }))
    await expect(study.tell(undefined as never, 1)).rejects.toMatchObject({ code: 'TRIAL_NOT_FOUND', message: expect.stringContaining('await study.ask()') })
    await expect(study.tell(study.ask() as never, 1)).rejects.toMatchObject({ code: 'TRIAL_NOT_FOUND' })
  })

  it('of optimize have to be there', async () => {
    const study = await createStudy({ space })
    await expect(study.optimize(() => 1, undefined as never)).rejects.toMatchObject({ code: 'OPTION', message: 'optimize needs options as its second argument, as in { trials: 100 }.' })
  })

  it('of a number that do not exist are refused', () => {
    expect(() => float(1, 2, { log: true } as never)).toThrow(expect.objectContaining({ code: 'OPTION', message: `float(…) does not know the option "log": it has "scale" ('linear' or 'log'), "step" and "prior".` }))
    expect(() => maximize('a', { from: 'max' } as never)).toThrow(expect.objectContaining({ code: 'OPTION', message: 'from must be "last" or "best", got "max".' }))
    expect(() => repeat(float(0, 1), undefined as never)).toThrow(expect.objectContaining({ code: 'REPEAT_BOUNDS', message: expect.stringContaining('{ min: 1, max: 3 }') }))
    expect(() => int(1, 8, { q: 2 } as never)).toThrow('int(…) does not know the option "q"')
  })

  it('refuse something that is no objective', async () => {
    const study = await createStudy({ space })
    await expect(study.optimize('train.js' as never, { trials: 1 })).rejects.toThrow(/needs a function, an async generator function or a trainer/)
  })

  it('refuse a second optimize at once, and anything after close', async () => {
    const study = await createStudy({ space })
    const first = study.optimize(async () => 1, { trials: 2 })
    await expect(study.optimize(() => 1, { trials: 2 })).rejects.toMatchObject({ code: 'STUDY_RUNNING' })
    await first
    await study.close()
    await study.close()
    await expect(study.ask()).rejects.toMatchObject({ code: 'STUDY_CLOSED' })
  })

  it('refuse to run an exclusive trainer twice at once', async () => {
    const study = await createStudy({ space })
    const trainer = { specVersion: 'v1', id: 'one', concurrency: 'exclusive', async *train() {} } as const
    await expect(study.optimize(trainer, { trials: 1, concurrency: 2 })).rejects.toMatchObject({ code: 'CONCURRENCY' })
  })
})

describe('parameters', () => {
  it('that do not fit are refused when they are enqueued or added', async () => {
    const study = await createStudy({ space })
    await expect(study.enqueue({ learningRate: 5, n: 1 })).rejects.toMatchObject({ code: 'PARAMS' })
    await expect(study.enqueue({ learningRate: 1 } as never)).rejects.toThrow(/n/)
    await expect(study.add({ params: { learningRate: 1, n: 99 }, value: 1 })).rejects.toMatchObject({ code: 'PARAMS' })
    const constrained = await createStudy({ space: buildSpace(space, { constraints: [linear({ n: 1 }, { atMost: 4 })] }) })
    await expect(constrained.enqueue({ learningRate: 1, n: 5 })).rejects.toThrow(/violate a constraint/)
    expect([study.columns.length, constrained.columns.length]).toEqual([0, 0])
  })
})

describe('a study that exists', () => {
  it('is refused by default in memory, resumed or renamed on request', async () => {
    const storage = new MemoryStorage(systemClock)
    const study = await createStudy({ storage, name: 'a', space })
    await study.optimize(() => 1, { trials: 2 })
    await expect(createStudy({ storage, name: 'a', space })).rejects.toMatchObject({ code: 'STUDY_EXISTS' })
    expect((await createStudy({ storage, name: 'a', space, ifExists: 'new' })).name).toBe('a-2')
    expect((await createStudy({ storage, name: 'a', space, ifExists: 'resume' })).columns.length).toBe(2)
  })

  it('is not resumed with another space, objective or seed: the differences are listed', async () => {
    const storage = new MemoryStorage(systemClock)
    await createStudy({ storage, name: 'a', space, seed: 1 })
    const open = createStudy({ storage, name: 'a', space: { ...space, learningRate: float(0, 2) }, objective: maximize('value'), seed: 2, ifExists: 'resume' })
    await expect(open).rejects.toMatchObject({ code: 'STUDY_CHANGED' })
    await expect(open).rejects.toThrow(/learningRate: high 1 → 2\n {2}objectives: .*minimize.* → .*maximize.*\n {2}seed: 1 → 2/)
    await expect(createStudy({ storage, name: 'a', ifExists: 'resume' })).rejects.toThrow(/the space was declared and is to be defined by running now/)
  })

  it('can be listed, loaded, copied and deleted', async () => {
    const storage = new MemoryStorage(systemClock)
    const study = await createStudy({ storage, name: 'first', space })
    await study.optimize(({ params }) => params.learningRate, { trials: 3 })
    await copyStudy(storage, 'first', 'second')
    await expect(copyStudy(storage, 'first', 'second')).rejects.toMatchObject({ code: 'STUDY_COPY', message: expect.stringContaining('"second": there is a study of that name already') })
    await expect(copyStudy(storage, 'frist', 'third')).rejects.toMatchObject({ code: 'STUDY_NOT_FOUND', message: expect.stringContaining('Did you mean "first"?') })
    expect((await listStudies(storage)).map(({ definition, counts }) => [definition.name, counts.complete])).toEqual([['first', 3], ['second', 3]])
    const loaded = await loadStudy({ storage, name: 'second' })
    expect(loaded.trials().map(({ params }) => params)).toEqual(study.trials().map(({ params }) => params))
    expect(await deleteStudy(storage, 'first')).toBe(true)
    expect(await deleteStudy(storage, 'first')).toBe(false)
    await expect(loadStudy({ storage, name: 'secnd' })).rejects.toThrow(/no study named "secnd".*it has "second"\. Did you mean "second"\?/)
  })
})

describe('best', () => {
  it('says what there is when nothing is complete', async () => {
    const study = await createStudy({ space })
    expect(() => study.best).toThrow('Study "study" has no best trial yet: 0 complete, 0 pruned, 0 failed. Run optimize first.')
  })
})
