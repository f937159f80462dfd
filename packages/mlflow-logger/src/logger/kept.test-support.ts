import type { KeptMetric } from '@attune/testing'
import type { StudySummary } from '@attune/core'
import { decodeKey } from '../client/names.ts'
import type { Metric, MlflowClient, Run } from '../client/types.ts'

/** Runs of a study, deleted ones apart. */
export async function runsOf(client: MlflowClient, experimentId: string, studyId: string): Promise<{ readonly parents: readonly Run[]; readonly children: readonly Run[] }> {
  const runs: Run[] = []
  for await (const run of client.runs.search([experimentId])) if (run.tags['attune.study_id'] === studyId) runs.push(run)
  return { parents: runs.filter(({ tags }) => tags['mlflow.parentRunId'] === undefined), children: runs.filter(({ tags }) => tags['mlflow.parentRunId'] !== undefined) }
}

export async function history(client: MlflowClient, runId: string, key: string): Promise<readonly Metric[]> {
  const points: Metric[] = []
  for await (const point of client.runs.metricHistory(runId, key)) points.push(point)
  return points
}

/** What MLflow has of the reports of a study. A point that corrects another one, of the same step and later, is none of them. */
export async function keptReports(client: MlflowClient, experimentName: string, study: StudySummary): Promise<readonly KeptMetric[]> {
  const experiment = await client.experiments.find(experimentName)
  if (experiment === undefined) return []
  const kept: KeptMetric[] = []
  for (const run of (await runsOf(client, experiment.experimentId, study.id)).children) {
    for (const key of Object.keys(run.metrics)) {
      const points = (await history(client, run.runId, key)).toSorted((a, b) => a.step - b.step || a.timestamp - b.timestamp)
      for (const [i, { step, value }] of points.entries()) {
        const before = points[i - 1]
        if (before?.step === step && before.value !== value) continue
        kept.push({ trial: Number(run.tags['number']), metric: decodeKey(key) ?? key, step, value })
      }
    }
  }
  return kept
}
