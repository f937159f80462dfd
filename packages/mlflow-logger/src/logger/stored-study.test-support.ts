import { createStudy, type Study, type StudyEvent } from '@attune/core'
import { sqlite } from '@attune/storage'
import { join } from 'node:path'
import { encodeKey } from '../client/names.ts'
import type { MlflowClient, Run } from '../client/types.ts'
import { runsOf as expectedRuns, type WrittenRun } from './content/runs.test-support.ts'
import { history, runsOf } from './kept.test-support.ts'
import { studyOptions } from './logging-program.test-support.ts'

/** The study of the logging program, as its storage has it. */
export async function openStored(folder: string): Promise<Study<unknown>> {
  return createStudy({ ...studyOptions, storage: sqlite(join(folder, 'study.db')) })
}

/** Differences between what MLflow has of a study and what its history says: every run, point, parameter and tag. */
export async function differences(client: MlflowClient, experimentName: string, study: Study<unknown>): Promise<{ readonly problems: readonly string[]; readonly points: number; readonly runs: number }> {
  const problems: string[] = []
  const experiment = await client.experiments.find(experimentName)
  if (experiment === undefined) return { problems: ['There is no experiment.'], points: 0, runs: 0 }
  const { parents, children } = await runsOf(client, experiment.experimentId, study.summary.id)
  if (parents.length !== 1) problems.push(`There are ${parents.length} runs of the study.`)
  const keys = children.map(({ tags }) => tags['attune.key']!.slice(study.summary.id.length + 1))
  if (new Set(keys).size !== keys.length) problems.push(`Runs are there twice: ${keys.filter((key, i) => keys.indexOf(key) !== i).join(', ')}`)
  const events: StudyEvent[] = []
  for await (const event of study.events()) events.push(event)
  const expected = await expectedRuns(study, undefined, events)
  const found = new Map<string, Run>(children.map((run, i) => [keys[i]!, run]))
  if (parents[0] !== undefined) found.set('study', parents[0])
  for (const key of found.keys()) if (!expected.has(key)) problems.push(`The history knows nothing of the run ${key}.`)
  let points = 0
  for (const [key, written] of expected) {
    const run = found.get(key)
    if (run === undefined) problems.push(`The run ${key} is missing.`)
    else {
      const own = await differencesOfRun(client, key, run, written)
      problems.push(...own.problems)
      const next = attemptAfter(key)
      const parent = expected.has(next) ? next : 'study'
      if (key !== 'study' && run.tags['mlflow.parentRunId'] !== found.get(parent)?.runId) problems.push(`${key} is not below ${parent}.`)
      points += own.points
    }
  }
  return { problems, points, runs: found.size }
}

/** `trial/7/1` of `trial/7`, `trial/7/2` of `trial/7/1`. */
function attemptAfter(key: string): string {
  const [kind, number, attempt = '0'] = key.split('/')
  return `${kind}/${number}/${Number(attempt) + 1}`
}

const text = ({ key, step, timestamp, value }: { readonly key: string; readonly step?: number; readonly timestamp?: number; readonly value: number }): string => `${key} step ${step ?? 0} at ${timestamp}: ${value}`

async function differencesOfRun(client: MlflowClient, key: string, run: Run, written: WrittenRun): Promise<{ readonly problems: readonly string[]; readonly points: number }> {
  const problems: string[] = []
  const kept: string[] = []
  for (const metric of Object.keys(run.metrics)) kept.push(...(await history(client, run.runId, metric)).map(text))
  const wanted = new Set(written.points.map((point) => text({ ...point, key: encodeKey(point.key) })))
  for (const point of wanted) if (!kept.includes(point)) problems.push(`${key} lacks ${point}`)
  for (const point of kept) if (!wanted.has(point)) problems.push(`${key} has ${point}, of which the history knows nothing`)
  if (new Set(kept).size !== kept.length) problems.push(`${key} has points twice.`)
  const compare = (what: string, is: { readonly [key: string]: string }, should: { readonly [key: string]: string }): void => {
    for (const [name, value] of Object.entries(should)) {
      if (name !== 'mlflow.user' && name !== 'team' && is[encodeKey(name)] !== value) problems.push(`${key}: ${what} ${name} is ${is[encodeKey(name)]}, and should be ${value}`)
    }
  }
  compare('parameter', run.params, written.params)
  compare('tag', run.tags, written.tags)
  if (written.status !== undefined && run.status !== written.status.status) problems.push(`${key} is ${run.status}, and should be ${written.status.status}`)
  return { problems, points: kept.length }
}
