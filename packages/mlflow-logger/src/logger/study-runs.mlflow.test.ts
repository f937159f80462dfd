import { loggerContext } from '@attune/testing'
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { missingMlflow } from '../../../../tools/python/mlflow.mjs'
import { mlflowClient, type MlflowClient, type Run } from '../client/index.ts'
import { RunIsAnother } from './failures.ts'
import { resolveOptions } from './options.ts'
import { RunIsGone, StudyRuns, type RunTarget } from './study-runs.ts'

const server = inject('mlflow')
const study = { kind: 'study' } as const

describe.skipIf(server === undefined)(`the runs of a study${missingMlflow === undefined ? '' : ` (skipped: ${missingMlflow})`}`, () => {
  let client: MlflowClient
  let experimentName: string
  let told: string[]
  beforeEach(() => {
    client = mlflowClient({ trackingUri: server ?? '' })
    experimentName = `runs ${randomUUID()}`
    told = []
  })
  afterEach(() => client.close())

  const runsOf = (id: string): StudyRuns => new StudyRuns({
    client,
    settings: resolveOptions({ trackingUri: server ?? '', experimentName }).settings,
    context: loggerContext({ id }),
    start: { name: 'study', startTime: 1, tags: {} },
    signal: new AbortController().signal,
    tell: (message) => void told.push(message),
    moved: () => undefined,
    altered: () => undefined,
  })
  const trial = (number: number, attempt = 0): RunTarget => {
    const key = (index: number): string => `trial/${number}${index === 0 ? '' : `/${index}`}`
    return { kind: 'trial', number, key: key(attempt), start: { name: `trial ${number}`, startTime: 1, tags: {} }, adopts: attempt === 0 ? undefined : key(attempt - 1) }
  }
  /** Another run of the same key, as another process makes it that does not see the first one, which it then deletes. */
  const double = async (runId: string): Promise<Run> => {
    const { experimentId, tags } = await client.runs.get(runId)
    const other = await client.runs.create({ experimentId, name: 'made at the same moment' })
    await client.runs.log(other.runId, { tags: { 'attune.key': tags['attune.key'] ?? '', ...(tags['mlflow.parentRunId'] !== undefined && { 'mlflow.parentRunId': tags['mlflow.parentRunId'] }) } })
    await client.runs.delete(runId)
    return other
  }

  for (const id of ['of letters', "a_x28_b%'c/", '研究']) {
    it(`are found again by another process, whatever the id of the study holds: ${id}`, async () => {
      const first = runsOf(id)
      const ids = [await first.idOf(study), await first.idOf(trial(7)), await first.idOf(trial(7, 1)), await first.idOf(trial(71))]
      const second = runsOf(id)
      expect([await second.idOf(study), await second.ofTrial(7), await second.ofTrial(71)]).toEqual([ids[0], ids[2], ids[3]])
      await client.runs.delete(ids[1] ?? '')
      await client.runs.log(ids[0] ?? '', { tags: { 'attune.cursor': '5' } })
      await expect(runsOf(id).idOf(trial(7))).rejects.toThrow(RunIsGone)
    })
  }

  it('go on in the one that is kept, where a trial had two', async () => {
    const runs = runsOf('doubled')
    const before = await runs.idOf(trial(0), true)
    const kept = await double(before)
    await expect(runs.mustLive(trial(0), before)).rejects.toThrow(RunIsAnother)
    expect([await runs.idOf(trial(0)), told]).toEqual([kept.runId, []])
  })

  it('go on in the one that is kept, where a study had two, and take those of its trials along', async () => {
    const runs = runsOf('doubled')
    const before = await runs.idOf(study)
    const child = await runs.idOf(trial(0), true)
    const kept = await double(before)
    await expect(runs.mustLive(study, before)).rejects.toThrow(RunIsAnother)
    expect([await runs.idOf(study), await runs.idOf(trial(0)), await runs.ofTrial(0), told]).toEqual([kept.runId, child, child, []])
    expect((await client.runs.get(child)).tags['mlflow.parentRunId']).toBe(kept.runId)
  })

  it('are given up where somebody deletes one, and that is told once', async () => {
    const runs = runsOf('deleted')
    const id = await runs.idOf(trial(0), true)
    await client.runs.delete(id)
    for (let time = 0; time < 2; time++) await expect(runs.mustLive(trial(0), id)).rejects.toThrow(RunIsGone)
    expect(told).toEqual([expect.stringContaining('The run of trial 0 was deleted in MLflow')])
  })
})
