import { createHash } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Objective, SearchSpace } from '@attune/core'
import { writeError } from './events/errors.ts'
import type { ExperimentValue } from './events/event.ts'
import { hparamInfos } from './hparam-values.ts'
import { readRun, RunFile } from './run-file.ts'
import { objectiveTag } from './trial-summary.ts'

/** Metrics beside the objectives that get a column. */
const metricLimit = 20

/**
 * The columns of the HParams tab for a study. Its metrics are those that all trials with a result have, because the
 * parallel coordinates leave out trials that lack one.
 */
export function experimentOf(name: string, space: SearchSpace, objectives: readonly Objective[], commonMetrics: readonly string[]): ExperimentValue {
  const own = [...objectives.map((_, i) => objectiveTag(objectives, i)), 'pruned']
  const known = new Set([...own, ...objectives.map(({ metric }) => metric)])
  return {
    kind: 'experiment',
    name,
    hparams: hparamInfos(space),
    metrics: [
      ...objectives.map(({ metric, direction }, i) => ({ tag: own[i]!, displayName: `${metric} (${direction})` })),
      { tag: 'pruned' },
      ...commonMetrics.filter((metric) => !known.has(metric)).slice(0, metricLimit).map((tag) => ({ tag })),
    ],
  }
}

/**
 * Makes this the study's only record of its columns. TensorBoard takes any one of those that it finds, and the first that it
 * sees of a run; so each has a run of its own, named after what it says, and goes when it is outdated.
 */
export async function keepExperiment(studyFolder: string, experiment: ExperimentValue, mark: number, time: number): Promise<void> {
  const name = `hparams-${columnsOf(experiment)}`
  let newer = false
  for (const other of await experimentRuns(studyFolder)) {
    if (other === name) continue
    // Another process may know more of the study than this one does.
    if ((await readRun(join(studyFolder, other))).mark > mark) newer = true
    else await rm(join(studyFolder, other), { recursive: true, force: true })
  }
  if (newer) return
  const run = new RunFile(studyFolder, name)
  const found = await run.read()
  if (found.mark > 0) return
  await run.replace([{ kind: 'summary', step: 0, time, values: [experiment] }], mark, found)
  await run.close()
}

/** Says which columns these are: two studies with the same ones can be seen in one table. */
export function columnsOf({ hparams, metrics }: ExperimentValue): string {
  return createHash('sha256').update(JSON.stringify([hparams, metrics])).digest('hex').slice(0, 10)
}

async function experimentRuns(studyFolder: string): Promise<readonly string[]> {
  try {
    return (await readdir(studyFolder)).filter((name) => name.startsWith('hparams-'))
  } catch (cause) {
    throw writeError(studyFolder, cause)
  }
}
