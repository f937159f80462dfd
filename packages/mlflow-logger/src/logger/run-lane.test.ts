import { loggerContext } from '@attune/testing'
import { describe, expect, it } from 'vitest'
import { MlflowError } from '../client/errors.ts'
import type { Batch, MlflowClient } from '../client/types.ts'
import { Progress } from './progress.ts'
import { RunLane } from './run-lane.ts'
import { StudyRuns } from './study-runs.ts'

const fault = (): Promise<never> => Promise.reject(new MlflowError('MLFLOW_SERVER', 'The server failed', { status: 500 }))

/** A lane with four points for a server that takes what `takes` says, and what the lane told. */
function laneOn(takes: (batch: Batch) => boolean, failure: () => Promise<never> = fault): { readonly lane: RunLane; readonly told: readonly string[]; readonly progress: Progress } {
  const run = { runId: 'r', experimentId: '1', lifecycleStage: 'active', tags: { 'mlflow.parentRunId': 'r' } }
  const client = {
    experiments: { ensure: async () => ({ experimentId: '1' }) },
    runs: { create: async () => run, get: async () => run, log: (_: string, batch: Batch) => (takes(batch) ? Promise.resolve([]) : failure()) },
  } as unknown as MlflowClient
  const told: string[] = []
  const { signal } = new AbortController()
  const tell = (message: string): void => void told.push(message)
  const settings = { experimentName: undefined, experimentId: undefined, runId: undefined, runName: undefined, tags: {}, surroundings: {}, model: undefined, links: false, flush: { milliseconds: 0, items: 500 }, queue: { events: 10, bytes: 10 } }
  const runs = new StudyRuns({ client, settings, context: loggerContext(), start: { name: 'study', startTime: 0, tags: {} }, signal, tell, moved: () => undefined, altered: () => undefined })
  const progress = new Progress()
  const lane = new RunLane({ client, runs, progress, signal, tell, done: () => undefined, print: () => undefined, altered: () => undefined }, 500, () => undefined)
  const metrics = [1, 2, 3, 4].map((step) => ({ key: 'loss', value: step, step, timestamp: step }))
  lane.push({ revision: 1, size: 1, target: { kind: 'study' }, begins: false, values: { metrics } })
  progress.came({ revision: 1 })
  return { lane, told, progress }
}

describe('values that a server does not take', () => {
  it('are kept while the server takes nothing else either: it may be its disk', async () => {
    const { lane, told, progress } = laneOn(() => false)
    await expect(lane.work(5)).rejects.toMatchObject({ status: 500 })
    expect([lane.waiting, progress.kept, told]).toEqual([true, 0, []])
  })

  it('are narrowed down, told and left out where it takes others', async () => {
    const { lane, told, progress } = laneOn(({ metrics = [] }) => metrics.every(({ step }) => step !== 3))
    await lane.work(5)
    expect([lane.waiting, progress.kept]).toEqual([false, 1])
    expect(told).toEqual([expect.stringContaining('metric "loss" at step 3')])
  })

  it('are tried again before', async () => {
    const { lane } = laneOn(({ metrics = [] }) => metrics.length === 0)
    await expect(lane.work(4)).rejects.toMatchObject({ status: 500 })
    expect(lane.waiting).toBe(true)
  })

  it('are kept where a proxy refuses everything that is written, in words that are not of MLflow', async () => {
    const { lane, told } = laneOn(() => false, () => Promise.reject(new MlflowError('MLFLOW_INVALID', 'Blocked', { status: 400 })))
    await expect(lane.work(0)).rejects.toMatchObject({ status: 400 })
    expect([lane.waiting, told]).toEqual([true, []])
  })
})
