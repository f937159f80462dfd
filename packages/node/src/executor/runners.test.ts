import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { constant, InProcessExecutor, MemoryArtifacts, type PrunerFactory } from '@attune/core'
import { afterEach, describe, expect, it } from 'vitest'
import { fromModule } from './from-module.ts'
import { processes } from './processes.ts'
import { cleanUp, folder, once, studyOn, training } from './studies.test-support.ts'
import { threads } from './threads.ts'
import { thrown } from './trainings.test-support.ts'

afterEach(cleanUp)

describe.each([
  ['child processes', (slots: number) => processes({ slots })],
  ['threads', (slots: number) => threads({ slots })],
])('%s', (kind, make) => {
  it('run a function, an async function, a generator, a trainer, and a function that reports by calls', async () => {
    for (const name of ['default', 'squareLater', 'descent', 'trainer', 'callback', 'both']) {
      const study = await studyOn(make(1))
      await study.optimize(training(name), { trials: 3 })
      expect(study.trials().map(({ state, failure }) => ({ state, failure })), name).toEqual(Array.from({ length: 3 }, () => ({ state: 'complete', failure: undefined })))
      if (name !== 'default' && name !== 'squareLater') expect(study.trials()[0]!.reports.length, name).toBe(name === 'both' ? 3 : 5)
    }
  })

  it('run two trials at once, each in its own', async () => {
    const study = await studyOn(make(2))
    await study.optimize(training('descent'), { trials: 6 })
    const most = Math.max(...study.trials().map(({ startedAt, endedAt }) => study.trials().filter((other) => other.startedAt! < endedAt! && other.endedAt! > startedAt!).length))
    expect(most).toBeGreaterThanOrEqual(2)
    if (kind === 'child processes') expect(new Set(study.trials().map(({ reports }) => reports[0]!.metrics['pid'])).size).toBe(2)
  })

  it('prune a trial across the boundary', async () => {
    const pruner: PrunerFactory = { specVersion: 'v1', id: 'second', create: () => ({ judge: ({ step }) => (step >= 2 ? 'prune' : 'continue') }) }
    const study = await studyOn(make(1), { pruner })
    await study.optimize(training('descent'), { trials: 2 })
    await study.optimize(training('callback'), { trials: 4 })
    expect(study.trials().map(({ state, reports }) => [state, reports.length])).toEqual(Array.from({ length: 4 }, () => ['pruned', 2]))
    expect(study.trials()[3]!.attributes).toEqual({ stopped: 2 })
  })

  it('go on from a checkpoint in another one', async () => {
    const artifacts = new MemoryArtifacts()
    const executor = make(1)
    const study = await studyOn(executor, { artifacts })
    const controller = new AbortController()
    study.on((event) => {
      if (event.type === 'trial.reported' && event.report.step === 2) controller.abort()
    })
    await study.optimize(training('descent'), { trials: 1, signal: controller.signal })
    const before = study.trials()[0]!
    expect(before.state).toBe('waiting')
    await executor.close() // What runs next runs in another one.
    await study.optimize(training('descent'), { trials: 1 })
    const { reports, state } = study.trials()[0]!
    expect([state, reports.map(({ step }) => step)]).toEqual(['complete', [1, 2, 3, 4, 5]])
    expect(reports.map(({ metrics }) => metrics['from'])).toEqual([0, 0, 2, 2, 2])
    if (kind === 'child processes') expect(reports[4]!.metrics['pid']).not.toBe(reports[0]!.metrics['pid'])
  })

  it('refuse a function of this process, with the remedy', async () => {
    const study = await studyOn(make(1))
    await expect(study.optimize(() => 1, { trials: 1 })).rejects.toMatchObject({ code: 'OPTION', message: expect.stringContaining('fromModule(') })
  })

  it('refuse more trials at once than they have slots', async () => {
    const study = await studyOn(make(2))
    await expect(study.optimize(training('descent'), { trials: 4, concurrency: 3 })).rejects.toMatchObject({ code: 'CONCURRENCY' })
  })

  it('refuse a module outside the allowed folders before anything is started, also through a symbolic link, dots, or a name that begins alike', async () => {
    const outside = folder()
    writeFileSync(join(outside, 'train.js'), 'export default () => 1')
    const inside = folder()
    mkdirSync(join(inside, 'allowed'))
    symlinkSync(join(outside, 'train.js'), join(inside, 'allowed', 'train.js'))
    const executor = (kind === 'threads' ? threads : processes)({ slots: 1, allow: [join(inside, 'allowed')] })
    const study = await studyOn(executor)
    for (const beside of ['allowed-too', '.']) {
      mkdirSync(join(inside, beside), { recursive: true })
      writeFileSync(join(inside, beside, 'beside.js'), 'export default () => 1')
    }
    const dots = new URL(`${pathToFileURL(join(inside, 'allowed')).href}/%2e%2e/beside.js`)
    for (const path of [join(outside, 'train.js'), join(inside, 'allowed', 'train.js'), join(inside, 'allowed-too', 'beside.js'), dots]) {
      await expect(study.optimize(fromModule(path), { trials: 1 })).rejects.toMatchObject({ code: 'MODULE_NOT_ALLOWED', message: expect.stringContaining('allow: [') })
    }
    expect(study.trials()).toEqual([])
    const allowed = await studyOn((kind === 'threads' ? threads : processes)({ slots: 1, allow: [pathToFileURL(outside)] }))
    writeFileSync(join(outside, 'package.json'), '{"type":"module"}')
    await allowed.optimize(fromModule(join(outside, 'train.js')), { trials: 1 })
    expect(allowed.best.value).toBe(1)
  })

  it('refuse what the module does not export itself, and what is no training', async () => {
    for (const [name, message] of [['nothing', 'exports no "nothing": it exports "announces"'], ['toString', 'exports no "toString"'], ['notATraining', 'is of type number']]) {
      const study = await studyOn(make(1))
      expect((await once(study, training(name!))).failure).toMatchObject({ reason: 'error', message: expect.stringContaining(message!) })
    }
  })

  it('refuse parameters that are asked for while running, with the remedy', async () => {
    const study = await studyOn(make(1), { space: undefined })
    expect((await once(study, training('definesByRun'))).failure).toMatchObject({ reason: 'error', message: expect.stringContaining('declare the space') })
  })

  it('refuse an attribute that cannot cross, and go on', async () => {
    const study = await studyOn(make(1))
    expect((await once(study, training('keepsFunction'))).failure).toMatchObject({ reason: 'error', message: expect.stringMatching(/^AttuneError: What the training gave cannot cross to the study: .*could not be cloned/s) })
    await study.optimize(training('default'), { trials: 2 })
    expect(study.counts).toMatchObject({ complete: 2 })
  })

  it('refuse a generator that is not asynchronous', async () => {
    const study = await studyOn(make(1))
    expect((await once(study, training('notAsynchronous'))).failure).toMatchObject({ reason: 'invalid-metric', message: expect.stringContaining('async function*') })
  })

  it.each(Object.keys(thrown))('tell what was thrown as in this process: %s', async (what) => {
    const [here, there] = [await studyOn(new InProcessExecutor(), { space: { what: constant(what) } }), await studyOn(make(1), { space: { what: constant(what) } })]
    const expected = (await once(here, training('throws'))).failure!
    const failure = (await once(there, training('throws'))).failure!
    expect({ reason: failure.reason, message: failure.message }).toEqual({ reason: expected.reason, message: expected.message })
    if (expected.stack !== undefined) expect(failure.stack).toContain('trainings.test-support')
  })
})
