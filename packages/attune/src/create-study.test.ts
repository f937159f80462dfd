import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { createStudy, float, fromModule, maximize, minimize, none, sqlite, tune, type Scalar, type StudyEvent, type Trainer } from './index.ts'
import { train } from './trainings.test-support.ts'

describe('createStudy', () => {
  it('refuses a display that cannot be meant, and options that are none', async () => {
    await expect(createStudy({ progress: 'yes' as never })).rejects.toMatchObject({ code: 'OPTION', message: 'progress must be true, false or an object of options, got yes.' })
    await expect(createStudy(null as never)).rejects.toMatchObject({ code: 'OPTION' })
  })

  it('samples by auto, prunes by ASHA, and shows progress', async () => {
    const lines: string[] = []
    const stream = new PassThrough().on('data', (data: Buffer) => lines.push(data.toString()))
    const study = await createStudy({ space: { x: float(0, 1) }, objective: minimize('loss'), seed: 1, progress: { stream } })
    await study.optimize(async function* ({ params }) {
      for (let step = 1; step <= 4; step++) yield { step, loss: params.x + 1 / step }
    }, { trials: 30 })
    await study.close()
    expect(study.trial(29).suggestion!.sampler).toMatch(/^auto@/)
    expect(study.counts.pruned).toBeGreaterThan(3)
    expect(lines.join('')).toMatch(/trial 29/)
  })

  it('lets each default be replaced', async () => {
    const study = await createStudy({ space: { x: float(0, 1) }, sampler: { specVersion: 'v1', id: 'fixed', revision: 2, create: () => ({ suggest: () => ({ params: { x: 0.5 } }) }) }, progress: false })
    await study.optimize(({ params }) => params.x, { trials: 1 })
    expect(study.best).toMatchObject({ value: 0.5, suggestion: { sampler: 'fixed@2' } })
    expectTypeOf(study.best.params).toEqualTypeOf<{ readonly x: number }>()
  })

  it('works with several objectives, which have no pruner by default', async () => {
    const study = await createStudy({ space: { x: float(0, 1) }, objective: [minimize('a'), maximize('b')], seed: 1, progress: false })
    await study.optimize(({ params }) => ({ a: params.x, b: params.x }), { trials: 12 })
    expect(study.pareto().length).toBe(12)
  })

  it('takes over at once what a dead process left running', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'attune-'))
    try {
      const storage = sqlite(join(folder, 'study.db'))
      const dead = { specVersion: 'v1', identity: 'a machine that is not this one/1/1', isGone: () => false } as const
      const options = { storage, space: { x: float(0, 1) }, seed: 1, progress: false, lease: 3_600_000 } as const
      const left = await createStudy(options)
      const { flatParams } = await left.ask()
      const identity = left.trial(0).owner!
      // The same name with another start: a process that ended, and whose number was given again.
      const second = await createStudy({ ...options, use: [{ register: (registry) => registry.value(Symbol.for('@attune/core/Host'), { ...dead, isGone: (other: string) => other === identity }) }] })
      expect(await second.ask()).toMatchObject({ number: 0, attempt: 2, flatParams })
      await second.close()
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

describe('the default executor', () => {
  const trainings = new URL('trainings.test-support.ts', import.meta.url)
  const space = { x: float(0, 1) }

  it('runs an exclusive trainer of a module in child processes, several at once', async () => {
    const study = await createStudy({ space, seed: 1, progress: false, pruner: none() })
    await study.optimize(fromModule<typeof train>(trainings, 'train'), { trials: 6, concurrency: 2 })
    const pids = new Set(study.trials().map(({ metrics }) => metrics['pid']))
    expect(pids.size).toBe(2)
    expect(pids.has(process.pid)).toBe(false)
    await study.close()
  })

  it('runs functions, shared trainers of modules, and trainers of this process in this process', async () => {
    const study = await createStudy({ space, seed: 1, progress: false, pruner: none() })
    await study.optimize(({ params }) => ({ value: params.x, pid: process.pid }), { trials: 2, concurrency: 2 })
    await study.optimize(fromModule<typeof train>(trainings, 'train', { concurrency: 'shared' }), { more: 2, concurrency: 2 })
    const here: Trainer<{ readonly x: number }> = { specVersion: 'v1', id: 'here', concurrency: 'exclusive', train }
    await study.optimize(here, { more: 1 })
    expect(study.trials().map(({ metrics }) => metrics['pid'])).toEqual(Array.from({ length: 5 }, () => process.pid))
    await expect(study.optimize(here, { more: 2, concurrency: 2 })).rejects.toMatchObject({ code: 'CONCURRENCY', message: expect.stringContaining('fromModule(') })
    await study.close()
  })
})

describe('tune', () => {
  it('finds the best of a function in one call', async () => {
    const best = await tune((t) => (t.float('x', -10, 10) - 2) ** 2, { trials: 60, seed: 1, progress: false })
    expect(best.value).toBeLessThan(0.5)
    expectTypeOf(best.params).toEqualTypeOf<{ readonly [name: string]: Scalar }>()
  })

  it('maximises on request', async () => {
    expect((await tune((t) => t.int('n', 1, 8), { trials: 30, seed: 1, goal: 'maximize', progress: false })).value).toBe(8)
  })

  it.each([
    [undefined, 'tune needs options as its second argument, as in { trials: 100 }.'],
    [{ trials: 3, direction: 'maximize' }, `tune does not take the option "direction": use goal: 'maximize' or goal: 'minimize'.`],
    [{ trials: 3, objective: 'loss' }, `tune does not take the option "objective": use goal: 'maximize' or goal: 'minimize', or createStudy for metrics by name.`],
    [{ trials: 3, goal: 'max' }, 'goal must be "minimize" or "maximize", got "max".'],
    [{ trials: 3, loggers: 'tensorboard' }, `loggers cannot be "tensorboard": give one as in loggers: [tensorboard({ logDir: 'runs' })], an array.`],
  ])('refuses %j with what to give', async (options, message) => {
    await expect(tune((t) => t.float('x', 0, 1), options as never)).rejects.toMatchObject({ code: 'OPTION', message })
  })

  it('tells loggers, and hands on what goes wrong', async () => {
    const seen: StudyEvent['type'][] = []
    const logger = { specVersion: 'v1', id: 'test', create: () => ({ cursor: 0, log: ({ type }: StudyEvent) => void seen.push(type), flush() {}, close() {} }) } as const
    await tune((t) => t.float('x', 0, 1), { trials: 3, progress: false, loggers: [logger] })
    expect(seen).toContain('trial.completed')
    await expect(tune(() => {
      throw new Error('typo')
    }, { trials: 3, progress: false })).rejects.toMatchObject({ code: 'OBJECTIVE_FAILS' })
  })
})
