import type { LoggerContext, TrialRecord } from '@attune/core'
import type { RunIds } from '../writes.ts'

/** Pages of MLflow that show a study. */
export interface StudyLinks {
  /** The run of the study: its note, metrics and artefacts. */
  readonly study: string
  /** The trials in a table, best first. */
  readonly trials: string
  /** Their curves: MLflow draws those of the first ten. */
  readonly curves: string
  /** Parameters and objective of the best hundred as parallel coordinates; undefined before there are two to compare. */
  readonly parallel: string | undefined
}

/** As many as still fit into an address, and as one can tell apart. */
const mostCompared = 100

/**
 * MLflow's page opens on its view for language models, with the children of a run folded away, and nests them in every order but one by a
 * metric. So the links name the view for training and the children, ordered by the objective.
 */
export async function studyLinks(runs: RunIds, { study, view }: Pick<LoggerContext, 'study' | 'view'>): Promise<StudyLinks> {
  const { trackingUri, experimentId, parent } = runs
  const experiment = `${trackingUri}/#/experiments/${encodeURIComponent(experimentId)}`
  const objectives = study.definition.objectives
  const table = (more: { readonly [key: string]: string }): string => `${experiment}/runs?${query({
    workflowType: 'machine_learning',
    ...more,
    searchFilter: `tags.mlflow.parentRunId = '${parent}'`,
    orderByKey: `metrics.\`${objectives.length === 1 ? 'value' : 'value_0'}\``,
    orderByAsc: String(objectives[0]?.direction !== 'maximize'),
  })}`
  const ids: string[] = []
  for (const { number } of ranked(view.trials(), objectives[0]?.direction === 'maximize').slice(0, mostCompared)) {
    const id = await runs.trial(number)
    if (id !== undefined) ids.push(id)
  }
  return {
    study: `${experiment}/runs/${encodeURIComponent(parent)}`,
    trials: table({}),
    curves: table({ compareRunsMode: 'CHART' }),
    parallel: ids.length < 2 ? undefined : `${trackingUri}/#/compare-runs?${query({ runs: JSON.stringify(ids), experiments: JSON.stringify([experimentId]) })}`,
  }
}

function query(parts: { readonly [key: string]: string }): string {
  return Object.entries(parts).map(([key, value]) => `${key}=${encodeURIComponent(value).replaceAll("'", '%27')}`).join('&')
}

/** Trials with a value, the best by the first objective first. */
export function ranked(trials: readonly TrialRecord[], maximize: boolean): readonly TrialRecord[] {
  const sign = maximize ? -1 : 1
  const valued = trials.filter((trial): trial is TrialRecord & { readonly value: number } => trial.value !== undefined && !Number.isNaN(trial.value) && trial.voided === undefined && trial.state !== 'failed')
  return valued.toSorted((a, b) => sign * (a.value - b.value) || a.number - b.number)
}

/** What is printed when a study ends, in the words of MLflow's own client: people and terminals know them. */
export function linkLines(name: string, links: StudyLinks): string {
  const lines = [
    `🏃 View run ${name} at: ${links.study}`,
    `🧪 View trials at: ${links.trials}`,
    `📈 View curves at: ${links.curves}`,
    ...(links.parallel === undefined ? [] : [`🧵 View parallel coordinates at: ${links.parallel}`]),
  ]
  return `${lines.join('\n')}\n`
}
