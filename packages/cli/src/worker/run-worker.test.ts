import { constraint, createStudy, float, loadStudy, maximize, MemoryStorage, minimize, space, systemClock, type Storage, type Trial } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { runWorker } from './run-worker.ts'

const objective = ({ params }: { readonly params: { readonly x: number } }): number => params.x

async function stored(): Promise<Storage> {
  const storage = new MemoryStorage(systemClock)
  const study = await createStudy({ name: 'known', storage, space: { x: float(0, 1) }, objective: minimize('loss'), metrics: ['loss'], seed: 4 })
  await study.close()
  return storage
}

describe('runWorker', () => {
  it('works on a study until its goal is reached, and says what it did', async () => {
    const storage = await stored()
    const result = await runWorker({ storage, study: 'known', trainer: objective, trials: 6, progress: false })
    expect(result).toMatchObject({ reason: '6 trials are done', aborted: false, ended: { complete: 6, pruned: 0, failed: 0 }, goal: 6, study: { definition: { name: 'known', seed: 4 }, counts: { complete: 6 } } })
    // The goal is known from here on.
    expect(await runWorker({ storage, study: 'known', trainer: objective, progress: false })).toMatchObject({ ended: { complete: 0 }, goal: 6 })
  })

  it('refuses options that lack a storage or a name, with what to give', async () => {
    for (const [options, says] of [[undefined, 'storage: sqlite('], [{ study: 'known' }, 'storage: sqlite('], [{ storage: await stored() }, "study: 'digits'"]] as const) {
      await expect(runWorker(options as never)).rejects.toMatchObject({ code: 'OPTION', message: expect.stringContaining(says) })
    }
    await expect(runWorker({ storage: await stored(), study: 'known', trainer: objective, trials: 1, progress: false, loggers: 3 } as never)).rejects.toMatchObject({ message: expect.stringContaining('loggers cannot be 3') })
  })

  it('leaves a storage open that it did not open, and closes one that it did', async () => {
    const storage = await stored()
    await runWorker({ storage, study: 'known', trainer: objective, trials: 1, progress: false })
    expect(await storage.listStudies()).toHaveLength(1)
    await runWorker({ storage: { specVersion: 'v1', id: 'given', create: () => storage }, study: 'known', trainer: objective, trials: 2, progress: false })
    await expect(async () => storage.listStudies()).rejects.toMatchObject({ code: 'STORAGE_CLOSED' })
  })

  it('puts its trial back when the signal aborts', async () => {
    const storage = await stored()
    const controller = new AbortController()
    const trainer = ({ signal }: { readonly signal: AbortSignal }): Promise<number> => new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(1))
      controller.abort()
    })
    expect(await runWorker({ storage, study: 'known', trainer, trials: 3, signal: controller.signal, progress: false })).toMatchObject({ aborted: true, ended: { complete: 0 }, study: { counts: { waiting: 1 } } })
  })

  it('counts what it ended, not what others did', async () => {
    const storage = await stored()
    const study = await createStudy({ name: 'known', storage, ifExists: 'resume', space: { x: float(0, 1) }, objective: minimize('loss'), metrics: ['loss'] })
    await study.optimize(objective, { trials: 4 })
    await study.close()
    const trainer = ({ number }: { readonly number: number }): number => {
      if (number === 5) throw new Error('once')
      return 1
    }
    expect((await runWorker({ storage, study: 'known', trainer, trials: 7, progress: false })).ended).toEqual({ complete: 3, pruned: 0, failed: 1 })
  })

  it('takes a stop rule for a goal', async () => {
    const storage = await stored()
    expect(await runWorker({ storage, study: 'known', trainer: objective, stop: ({ counts }) => (counts.complete >= 2 ? 'that is enough' : undefined), progress: false })).toMatchObject({ reason: 'that is enough', goal: undefined, ended: { complete: 2 } })
  })

  it('works on studies whose space is defined by running', async () => {
    const storage = new MemoryStorage(systemClock)
    await (await createStudy({ name: 'open', storage, objective: maximize('value') })).close()
    await runWorker({ storage, study: 'open', trainer: (trial: Trial) => trial.float('x', 0, 1), trials: 3, progress: false })
    expect((await loadStudy({ storage, name: 'open' })).space.dimensions.map(({ path }) => path)).toEqual(['x'])
  })

  it.each([
    ['a study that is not there', { study: 'knwn' }, 'STUDY_NOT_FOUND', 'Did you mean "known"?'],
    ['nobody\'s goal', {}, 'WORKER_GOAL', 'Nobody has said yet'],
    ['an option that does not exist', { trials: 1, smapler: 1 }, 'OPTION', 'Did you mean "sampler"?'],
    ['an objective on a metric that is not declared', { trials: 1, objective: minimize('other') }, 'UNDECLARED_METRIC', 'other'],
    ['another space than the study has', { trials: 1, space: { x: float(0, 2) } }, 'STUDY_CHANGED', 'x: high 1 → 2'],
    ['constraints that the space does not have', { trials: 1, space: space({ x: float(0, 1) }, { constraints: [constraint('c', () => 0)] }) }, 'STUDY_CHANGED', 'constraint'],
  ])('refuses %s', async (_, options, code, message) => {
    const storage = await stored()
    const running = runWorker({ storage, study: 'known', trainer: objective, progress: false, ...options })
    await expect(running).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
    expect((await storage.listStudies())[0]).toMatchObject({ counts: { complete: 0, running: 0 } })
  })
})
