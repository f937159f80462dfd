import { describe, expect, it } from 'vitest'
import type { StudyEvent } from '../../contracts/event.ts'
import { atMost, maximize } from '../../objective/objectives.ts'
import { float } from '../../space/builders.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import { systemClock } from '../../system.ts'
import { noProgress } from '../stop-rules.ts'
import { createStudy } from '../create-study.ts'
import { deleteStudy, listStudies, renameStudy } from '../manage-studies.ts'
import type { Study } from '../study.ts'

const space = { x: float(0, 1) }

async function opened(storage = new MemoryStorage(systemClock)): Promise<Study<{ readonly x: number }>> {
  return createStudy({ storage, space, objective: maximize('score'), constraints: { cost: atMost(10) }, seed: 1, ifExists: 'resume' })
}

/** Trials 0, 1, 2, … with these scores. */
async function filled(scores: readonly number[], storage?: MemoryStorage): Promise<Study<{ readonly x: number }>> {
  const study = await opened(storage)
  for (const score of scores) await study.tell(await study.ask(), { score, cost: 1 })
  return study
}

function eventsOf(study: Study<{ readonly x: number }>): StudyEvent<{ readonly x: number }>[] {
  const events: StudyEvent<{ readonly x: number }>[] = []
  study.on((event) => events.push(event))
  return events
}

describe('a void', () => {
  it('takes a trial out of best, counts, columns and stop rules', async () => {
    const study = await filled([1, 5, 3])
    const events = eventsOf(study)
    const trial = await study.void(1, 'the data was mixed up', { by: 'Ada' })
    expect(trial).toMatchObject({ number: 1, state: 'complete', voided: 'the data was mixed up', metrics: { score: 5 } })
    expect([study.best.number, study.counts.complete, study.columns.completeCount, study.columns.losses()[1]]).toEqual([2, 2, 2, NaN])
    expect(events).toMatchObject([{ type: 'trial.amended', amendment: { void: 'the data was mixed up' }, by: 'Ada', trial: { number: 1 } }, { type: 'best.improved', trial: { number: 2 } }])
    expect(await study.optimize(() => ({ score: 0, cost: 1 }), { trials: 3 })).toMatchObject({ reason: '3 trials are done' })
    expect(study.trials()).toHaveLength(4)
    expect(await study.optimize(() => ({ score: 0, cost: 1 }), { stop: noProgress(1) })).toMatchObject({ reason: '1 trials brought no progress' })
  })

  it('may be of a pruned, a failed, a waiting and a paused trial: one that had not ended never runs', async () => {
    const study = await filled([1])
    await study.prune(await study.ask())
    await study.fail(await study.ask(), new Error('broken'))
    const queued = await study.enqueue({ x: 0.5 })
    const events = eventsOf(study)
    for (const number of [1, 2, queued]) await study.void(number, 'wrong')
    expect(study.counts).toEqual({ waiting: 0, running: 0, paused: 0, complete: 1, pruned: 0, failed: 0 })
    expect(study.trial(queued)).toMatchObject({ state: 'failed', voided: 'wrong', failure: { reason: 'aborted' } })
    expect(events.map(({ type }) => type)).toEqual(['trial.amended', 'trial.amended', 'trial.failed', 'trial.amended'])
    expect((await study.ask()).number).toBe(4)
  })

  it('of a running or missing trial, or without a reason, is refused with the remedy', async () => {
    const study = await filled([1])
    const trial = await study.ask()
    await expect(study.void(trial.number, 'wrong')).rejects.toMatchObject({ code: 'TRIAL_STATE', message: expect.stringMatching(/Trial 1 runs: wait for its end, or end it/) as unknown })
    await expect(study.void(7, 'wrong')).rejects.toMatchObject({ code: 'TRIAL_NOT_FOUND' })
    await expect(study.void(0, ' ')).rejects.toMatchObject({ code: 'OPTION' })
    await expect(study.void(0, 'wrong', { by: '' })).rejects.toMatchObject({ code: 'OPTION' })
    expect(await study.history()).toEqual([])
  })

  it('that is taken back leaves everything as if it had not been', async () => {
    const study = await opened()
    await study.optimize(async function* ({ number }) {
      for (let step = 1; step <= 3; step++) yield { step, score: number === 1 ? 10 : number + step, cost: 1 }
    }, { trials: 4 })
    const seen = (): unknown => [study.columns.best, study.counts, study.columns.completeCount, ...[0, 1, 2, 3].map((number) => [study.columns.losses()[number], study.trial(number), curve(study, number)]), ...[1, 2, 3].map((step) => column(study, step))]
    const before = seen()
    await study.void(1, 'wrong')
    expect(seen()).not.toEqual(before)
    expect(column(study, 2)).toEqual([[0, 2, 3], [-2, -4, -5]])
    await study.restore(1, 'it was right after all')
    expect(seen()).toEqual(before)
    await expect(study.restore(1, 'again')).rejects.toMatchObject({ code: 'TRIAL_STATE', message: expect.stringMatching(/is not void/) as unknown })
  })
})

function curve({ columns }: Study<{ readonly x: number }>, number: number): unknown {
  const { length, steps, losses } = columns.curve(number)
  return [Array.from(steps.subarray(0, length)), Array.from(losses.subarray(0, length))]
}

function column({ columns }: Study<{ readonly x: number }>, step: number): unknown {
  const { length, numbers, losses } = columns.atStep(step)
  return [Array.from(numbers.subarray(0, length)), Array.from(losses.subarray(0, length))]
}

describe('an edit', () => {
  it('changes values, and with them the best trial', async () => {
    const study = await filled([1, 5, 3])
    const events = eventsOf(study)
    expect(await study.edit(0, { metrics: { score: 9 } }, 'read off the wrong column')).toMatchObject({ metrics: { score: 9, cost: 1 }, values: [9] })
    expect(study.best.number).toBe(0)
    await study.edit(0, { metrics: { cost: 11 } }, 'in seconds')
    expect([study.best.number, study.trial(0).violation]).toEqual([1, 1])
    expect(events.map((event) => [event.type, 'trial' in event ? event.trial.number : undefined])).toEqual([['trial.amended', 0], ['best.improved', 0], ['trial.amended', 0], ['best.improved', 1]])
  })

  it('is refused for a name that the trial has not, a NaN objective, nothing at all, no note, and a trial without a result', async () => {
    const study = await filled([1])
    await study.fail(await study.ask(), 'broken')
    await expect(study.edit(0, { metrics: { scor: 2 } }, 'typo')).rejects.toMatchObject({ code: 'INVALID_METRIC', message: expect.stringMatching(/Did you mean "score"\?.*study\.addMetrics\(0/) as unknown })
    await expect(study.edit(0, { metrics: { score: NaN } }, 'gone')).rejects.toMatchObject({ code: 'INVALID_METRIC', message: expect.stringMatching(/study\.void/) as unknown })
    await expect(study.edit(0, { metrics: {} }, 'nothing')).rejects.toMatchObject({ code: 'OPTION' })
    await expect(study.edit(0, { metrics: { score: 2 } }, '')).rejects.toMatchObject({ code: 'OPTION' })
    await expect(study.edit(1, { metrics: { score: 2 } }, 'late')).rejects.toMatchObject({ code: 'TRIAL_STATE', message: expect.stringMatching(/add it with study\.add/) as unknown })
    await expect(study.edit(0, { metrics: { score: 'good' as unknown as number } }, 'why')).rejects.toMatchObject({ code: 'INVALID_METRIC' })
  })
})

describe('late metrics', () => {
  it('are added, and never take the place of a value that is there', async () => {
    const study = await filled([1])
    expect(await study.addMetrics(0, { testScore: 0.5 })).toMatchObject({ metrics: { score: 1, cost: 1, testScore: 0.5 } })
    await expect(study.addMetrics(0, { testScore: 0.6 })).rejects.toMatchObject({ code: 'METRIC_KNOWN', message: expect.stringMatching(/with the value 0\.5.*study\.edit\(0/) as unknown })
    expect(study.trial(0).metrics).toMatchObject({ testScore: 0.5 })
  })

  it('of two processes at once: the first holds, and the second is told', async () => {
    const storage = new MemoryStorage(systemClock)
    const [first, second] = [await filled([1], storage), await opened(storage)]
    const results = await Promise.allSettled([first.addMetrics(0, { testScore: 0.5 }), second.addMetrics(0, { testScore: 0.6 })])
    const [winner, ...others] = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.metrics['testScore']] : []))
    expect([[0.5, 0.6].includes(winner!), others]).toEqual([true, []])
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'METRIC_KNOWN' } })
    for (const study of [first, second]) {
      await study.refresh()
      expect(study.trial(0).metrics).toEqual({ score: 1, cost: 1, testScore: winner })
    }
  })

  it('that the study did not declare are refused', async () => {
    const study = await createStudy({ space, objective: maximize('score'), metrics: ['score', 'testScore'], seed: 1 })
    await study.tell(await study.ask(), 1)
    await expect(study.addMetrics(0, { tstScore: 1 } as never)).rejects.toMatchObject({ code: 'INVALID_METRIC', message: expect.stringMatching(/Did you mean "testScore"/) as unknown })
    await study.addMetrics(0, { testScore: 1 })
  })
})

describe('renaming', () => {
  it('leaves everybody who has the study open at work, and is seen by all', async () => {
    const storage = new MemoryStorage(systemClock)
    const [first, second] = [await filled([1], storage), await opened(storage)]
    const events = eventsOf(second)
    await first.rename('digits', { note: 'there are letters now', by: 'Ada' })
    await second.tell(await second.ask(), { score: 2, cost: 1 })
    expect([first.name, second.name, second.summary.definition.name]).toEqual(['digits', 'digits', 'digits'])
    expect(events[0]).toMatchObject({ type: 'study.renamed', before: 'study', name: 'digits', by: 'Ada', note: 'there are letters now' })
    expect((await listStudies(storage)).map(({ definition }) => definition.name)).toEqual(['digits'])
    const again = await createStudy({ storage, name: 'digits', space, objective: maximize('score'), constraints: { cost: atMost(10) }, ifExists: 'resume' })
    expect(again.trials()).toHaveLength(2)
    expect((await opened(storage)).trials()).toHaveLength(0)
  })

  it('is refused where the name is taken, and changes nothing where it is the same', async () => {
    const storage = new MemoryStorage(systemClock)
    const study = await filled([1], storage)
    await createStudy({ storage, name: 'digits', space })
    await expect(study.rename('digits')).rejects.toMatchObject({ code: 'STUDY_EXISTS' })
    await expect(study.rename('')).rejects.toMatchObject({ code: 'OPTION' })
    await expect(renameStudy(storage, 'study', 'digits')).rejects.toMatchObject({ code: 'STUDY_EXISTS' })
    await expect(renameStudy(storage, 'stdy', 'letters')).rejects.toMatchObject({ code: 'STUDY_NOT_FOUND', message: expect.stringMatching(/Did you mean "study"/) as unknown })
    await study.rename('study')
    expect(await study.history()).toEqual([])
    await renameStudy(storage, 'study', 'letters', { by: 'Bo' })
    await study.refresh()
    expect([study.name, (await study.history()).map(({ what, by }) => [what, by])]).toEqual(['letters', [['rename', 'Bo']]])
  })
})

describe('the history of corrections', () => {
  it('tells who changed what, oldest first, whoever reads it', async () => {
    const storage = new MemoryStorage(systemClock)
    const study = await filled([1, 2], storage)
    await study.void(0, 'wrong data', { by: 'Ada' })
    await study.edit(1, { metrics: { score: 4 } }, 'in percent', { by: 'Bo' })
    await study.addMetrics(1, { test: 3 })
    await study.restore(0, 'right data')
    await study.rename('digits')
    const owner = (await study.workers())[0]!.owner
    const entries = await study.history()
    expect(entries).toMatchObject([
      { what: 'void', number: 0, by: 'Ada', note: 'wrong data', before: undefined, after: 'wrong data' },
      { what: 'edit', number: 1, by: 'Bo', note: 'in percent', before: { score: 2 }, after: { score: 4 } },
      { what: 'metrics', number: 1, by: owner, note: undefined, before: {}, after: { test: 3 } },
      { what: 'restore', number: 0, by: owner, note: 'right data', before: 'wrong data', after: undefined },
      { what: 'rename', by: owner, before: 'study', after: 'digits' },
    ])
    expect(entries.map(({ revision }) => revision)).toEqual(entries.map(({ revision }) => revision).toSorted((a, b) => a - b))
    expect(entries.every(({ time }) => Number.isFinite(time))).toBe(true)
  })
})

describe('a deleted study', () => {
  it('tells whoever has it open, and closes in peace', async () => {
    const storage = new MemoryStorage(systemClock)
    const study = await filled([1], storage)
    const trial = await study.ask()
    await deleteStudy(storage, 'study')
    const told = { code: 'STUDY_NOT_FOUND', message: expect.stringMatching(/^Study "study" was deleted while it was open here/) as unknown }
    await expect(study.tell(trial, { score: 1, cost: 1 })).rejects.toMatchObject(told)
    await expect(study.optimize(() => 1, { trials: 5 })).rejects.toMatchObject(told)
    await expect(study.refresh()).rejects.toMatchObject(told)
    await study.close()
  })
})
