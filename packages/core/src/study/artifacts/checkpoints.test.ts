import { describe, expect, it } from 'vitest'
import { MemoryArtifacts } from '../../artifact/memory-artifacts.ts'
import type { Artifact } from '../../contracts/artifact.ts'
import type { Evaluator } from '../../contracts/evaluator.ts'
import type { PrunerFactory } from '../../contracts/pruner.ts'
import type { Report, Trainer, TrainerTrial } from '../../contracts/trainer.ts'
import { atMost, maximize, minimize } from '../../objective/objectives.ts'
import { float } from '../../space/builders.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import { systemClock } from '../../system.ts'
import { createStudy } from '../create-study.ts'
import { copyStudy } from '../manage-studies.ts'

const space = { x: float(0, 1) }
const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const decode = (bytes: Uint8Array): number => JSON.parse(new TextDecoder().decode(bytes)) as number

/** Sums x over steps: its state is the sum, so that a wrong start shows in every later loss. */
function summing(steps: number, onStep: (trial: TrainerTrial<{ readonly x: number }>, step: number) => void = () => undefined): Trainer<{ readonly x: number }> {
  return {
    specVersion: 'v1',
    id: 'summing',
    concurrency: 'shared',
    async *train(trial): AsyncGenerator<Report, Artifact, void> {
      let sum = trial.resumeFrom === undefined ? 0 : decode(trial.resumeFrom.bytes)
      for (let step = (trial.resumeFrom?.step ?? 0) + 1; step <= (trial.toStep ?? steps); step++) {
        onStep(trial, step)
        sum += trial.params.x
        yield { step, loss: sum, checkpoint: () => encode(sum) }
      }
      return { kind: 'sum', meta: { steps }, bytes: () => encode(sum), as: () => Promise.reject(new Error('no')) }
    },
  }
}

describe('checkpoints', () => {
  it('let an interrupted trial go on: no step is run or reported twice', async () => {
    const [storage, artifacts] = [new MemoryStorage(systemClock), new MemoryArtifacts()]
    const controller = new AbortController()
    const study = await createStudy({ storage, artifacts, space, objective: minimize('loss'), seed: 1 })
    await study.optimize(summing(5, (_, step) => step === 3 && controller.abort()), { trials: 1, signal: controller.signal })
    expect(study.trial(0)).toMatchObject({ state: 'waiting', checkpoint: { step: 3 } })
    await study.close()

    const steps: number[] = []
    const again = await createStudy({ storage, artifacts, space, objective: minimize('loss'), seed: 1, ifExists: 'resume' })
    await again.optimize(summing(5, (_, step) => steps.push(step)), { trials: 1 })
    const { reports, params } = again.trial(0)
    expect(steps).toEqual([4, 5])
    expect(reports.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5])
    expect(reports.at(-1)!.metrics['loss']).toBeCloseTo(5 * params.x)
  })

  it('that are lost start the trial from the beginning, and it is said', async () => {
    const [storage, artifacts] = [new MemoryStorage(systemClock), new MemoryArtifacts()]
    const controller = new AbortController()
    const study = await createStudy({ storage, artifacts, space, objective: minimize('loss'), seed: 1 })
    await study.optimize(summing(5, (_, step) => step === 4 && controller.abort()), { trials: 1, signal: controller.signal })
    for (const { hash } of artifacts.list()) artifacts.delete(hash)
    const warnings: string[] = []
    study.on((event) => event.type === 'warning' && warnings.push(event.message))
    await study.optimize(summing(5), { trials: 1 })
    expect(study.trial(0).reports.at(-1)!.metrics['loss']).toBeCloseTo(5 * study.trial(0).params.x)
    expect(warnings).toEqual(['The checkpoint of trial 0 at step 4 is lost or damaged: the one at step 3 is tried instead.', 'The checkpoint of trial 0 at step 3 is lost or damaged: it starts from the beginning.'])
  })

  it('are kept for running trials only, every n-th on request', async () => {
    const artifacts = new MemoryArtifacts()
    const study = await createStudy({ artifacts, space, objective: minimize('loss'), seed: 1 })
    const saved: number[] = []
    study.on((event) => event.type === 'checkpoint.saved' && saved.push(event.step))
    await study.optimize(summing(7, () => expect(artifacts.list().length).toBeLessThanOrEqual(3)), { trials: 3, checkpointEvery: 3 })
    expect(saved).toEqual([3, 6, 3, 6, 3, 6])
    expect(artifacts.list().length).toBe(1) // The model of the best trial.
  })

  it('that cannot be saved do not stop the study', async () => {
    const artifacts = Object.assign(new MemoryArtifacts(), { put: () => Promise.reject(new Error('disk full')) })
    const study = await createStudy({ artifacts, space, objective: minimize('loss'), seed: 1 })
    const warnings: string[] = []
    study.on((event) => event.type === 'warning' && warnings.push(event.message))
    await study.optimize(summing(3), { trials: 1 })
    expect(study.best.state).toBe('complete')
    expect(warnings).toEqual(['The checkpoint of trial 0 at step 1 cannot be saved, the study goes on without checkpoints until it can: disk full', 'The model of trial 0 could not be kept: disk full'])
  })

  it.each([
    ['models that do not fit', (warning: string) => /^The model of trial \d+ could not be kept/.test(warning)],
    ['checkpoints that do not fit', (warning: string) => /^Trial \d+ goes on without checkpoints/.test(warning)],
  ])('are not told of for each of many trials: %s', async (_, matches) => {
    const study = await createStudy({ artifacts: new MemoryArtifacts({ maxBytes: 1 }), space, objective: minimize('loss'), seed: 1 })
    const warnings: string[] = []
    study.on((event) => event.type === 'warning' && matches(event.message) && warnings.push(event.message))
    await study.optimize(summing(2), { trials: 30 })
    expect([study.counts.complete, warnings.length, warnings.at(-1)]).toEqual([30, 10, expect.stringContaining('This happens often, and is not told any more.')])
  })
})

describe('artefacts', () => {
  it('of the best trial are kept, those of earlier bests are not', async () => {
    const artifacts = new MemoryArtifacts()
    const study = await createStudy({ artifacts, space, objective: minimize('loss'), seed: 1 })
    await study.optimize(summing(2), { trials: 8 })
    expect(await study.best.artifact()).toMatchObject({ kind: 'sum', meta: { steps: 2 } })
    expect(decode((await study.best.artifact())!.bytes)).toBe(study.best.value)
    expect(artifacts.list().length).toBe(1)
    expect(await study.trial((study.best.number + 1) % 8).artifact()).toBeUndefined()
  })

  it('of a study are not deleted by its copy, which shares them', async () => {
    const [storage, artifacts] = [new MemoryStorage(systemClock), new MemoryArtifacts()]
    const options = { storage, artifacts, space, objective: minimize('loss'), seed: 1, ifExists: 'resume' } as const
    const study = await createStudy({ ...options, name: 'original' })
    await study.optimize(summing(2), { trials: 1 })
    const model = (await study.best.artifact())!.bytes
    await copyStudy(storage, 'original', 'copy')
    const copy = await createStudy({ ...options, name: 'copy' })
    await copy.enqueue({ x: 0 })
    await copy.optimize(summing(2), { trials: 2 })
    expect(copy.best.number).toBe(1)
    expect((await study.best.artifact())?.bytes).toEqual(model)
    expect(decode((await copy.best.artifact())!.bytes)).toBe(0)
  })

  it('are judged by evaluators, whose metrics join the final ones and can be constraints', async () => {
    let at = 0
    let most = 0
    const evaluator: Evaluator = {
      specVersion: 'v1',
      id: 'test',
      exclusive: true,
      async evaluate(artifact) {
        most = Math.max(most, ++at)
        const sum = decode(await artifact.bytes())
        await new Promise((resolve) => setImmediate(resolve))
        at--
        return { size: sum * 10 }
      },
    }
    const study = await createStudy({ space, objective: [minimize('loss'), minimize('size')], constraints: { size: atMost(15) }, seed: 1 })
    await study.optimize(summing(2), { trials: 8, evaluators: [evaluator], concurrency: 4 })
    expect(most).toBe(1)
    for (const { metrics, values, violation } of study.trials()) {
      expect(values).toEqual([metrics['loss'], metrics['loss']! * 10])
      expect(violation).toBeCloseTo(Math.max(0, metrics['size']! - 15))
    }
  })

  it('whose evaluation fails make the trial fail with the reason', async () => {
    const evaluator: Evaluator = { specVersion: 'v1', id: 'test', exclusive: false, evaluate: () => Promise.reject(new Error('no such operator')) }
    const study = await createStudy({ space, objective: minimize('loss'), seed: 1 })
    await expect(study.optimize(summing(1), { trials: 1, evaluators: [evaluator] })).rejects.toThrow(/no such operator/)
  })
})

describe('a pruner that pauses, promotes and forks', () => {
  const scheduler: PrunerFactory = {
    specVersion: 'v1',
    id: 'halving',
    create: ({ history }) => ({
      judge: ({ step, trial }) => (step === 2 && trial.attempt === 1 && trial.origin !== 'fork' ? 'pause' : 'continue'),
      next() {
        const paused = history.paused()
        if (paused.length >= 3) return { promote: paused.reduce((a, b) => (history.curve(a).losses[1]! < history.curve(b).losses[1]! ? a : b)) }
        const finished = Array.from({ length: history.length }, (_, number) => number).find((number) => history.state(number) === 'complete')
        const forked = Array.from({ length: history.length }, (_, number) => history.trial(number)).some(({ origin }) => origin === 'fork')
        return finished === undefined || forked ? undefined : { fork: finished, params: { x: 0.125 } }
      },
    }),
  }

  it('moves trials on from their checkpoints, and names the parent of a fork', async () => {
    const artifacts = new MemoryArtifacts()
    const study = await createStudy({ artifacts, space, objective: minimize('loss'), pruner: scheduler, seed: 1 })
    const events: string[] = []
    study.on((event) => 'trial' in event && ['trial.paused', 'trial.resumed'].includes(event.type) && events.push(`${event.trial.number} ${event.type}`))
    await study.optimize(summing(4), { trials: 6 })
    const resumed = study.trials().find(({ attempt, state }) => attempt === 2 && state === 'complete')!
    expect(events.slice(0, 4)).toEqual(['0 trial.paused', '1 trial.paused', '2 trial.paused', `${resumed.number} trial.resumed`])
    expect(resumed.reports.map(({ step }) => step)).toEqual([1, 2, 3, 4])
    expect(resumed.value).toBeCloseTo(4 * resumed.params.x)
    const fork = study.trials().find(({ origin }) => origin === 'fork')!
    expect(fork.parent).toBe(resumed.number)
    expect(fork.params.x).toBe(0.125)
  })

  it('whose evaluator keeps attributes have them', async () => {
    const evaluator: Evaluator = { specVersion: 'v1', id: 'test', exclusive: false, evaluate: async (artifact, { setAttribute }) => {
      await setAttribute('confusion', [[decode(await artifact.bytes()), 0], [1, 2]])
      return { size: 1 }
    } }
    const study = await createStudy({ space, objective: minimize('loss'), seed: 1 })
    await study.optimize(summing(2), { trials: 2, evaluators: [evaluator] })
    for (const { attributes, metrics } of study.trials()) expect(attributes).toEqual({ confusion: [[metrics['loss'], 0], [1, 2]] })
  })

  it('whose evaluator says that lower is better bring a warning where they are maximised, and none otherwise', async () => {
    const evaluator: Evaluator = { specVersion: 'v1', id: 'judge', exclusive: false, directions: { error: 'minimize', loss: 'minimize' }, evaluate: () => ({ error: 1, speed: 1 }) }
    const study = await createStudy({ space, objective: [minimize('loss'), maximize('error'), maximize('speed')], seed: 1 })
    const warnings: string[] = []
    study.on((event) => {
      if (event.type === 'warning') warnings.push(event.message)
    })
    await study.optimize(summing(1), { trials: 1, evaluators: [evaluator] })
    expect(warnings).toEqual([`The objective maximizes "error", which is better when it is lower, says the evaluator "judge". If you do not mean that: minimize('error').`])
  })
})
