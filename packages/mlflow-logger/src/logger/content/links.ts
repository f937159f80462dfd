import type { LoggerContext } from '@attune/core'
import type { RunIds } from '../writes.ts'
import { ranked } from './ranked.ts'
import { searchState } from './shared-view.ts'

/** Pages of MLflow that show a study. */
export interface StudyLinks {
  /** The run of the study: its note, metrics and artefacts. */
  readonly study: string
  /** The trials in a table, best first. */
  readonly trials: string
  /** Parameters and objective as parallel coordinates, and the curves. */
  readonly charts: string
  /** The best hundred beside each other, parameter by parameter; undefined while the study runs, or if there are no two to compare. */
  readonly compare: string | undefined
}

/** As many as still fit into an address, and as one can tell apart. */
export const mostCompared = 100

/**
 * MLflow's page opens on its view for language models, with the children of a run folded away. So the links name the view for training, and
 * the children ordered by the objective: in a view of their own (`viewKey`, see `sharedView`), or where it could not be stored, as a search.
 */
export async function studyLinks(runs: RunIds, { study, view }: Pick<LoggerContext, 'study' | 'view'>, viewKey: string | undefined, over: boolean): Promise<StudyLinks> {
  const { trackingUri, experimentId, parent } = runs
  const experiment = `${trackingUri}/#/experiments/${encodeURIComponent(experimentId)}`
  const { objectives } = study.definition
  const { searchFilter, orderByKey, orderByAsc } = searchState(parent, objectives)
  const children: { readonly [key: string]: string } = viewKey === undefined ? { searchFilter, orderByKey, orderByAsc: String(orderByAsc) } : { viewStateShareKey: viewKey }
  const ids: string[] = []
  for (const { number } of over ? ranked(view.trials(), !orderByAsc).slice(0, mostCompared) : []) {
    const id = await runs.trial(number)
    if (id !== undefined) ids.push(id)
  }
  const training = { workflowType: 'machine_learning' }
  return {
    study: `${experiment}/runs/${encodeURIComponent(parent)}?${query(training)}`,
    trials: `${experiment}/runs?${query({ ...training, ...children })}`,
    charts: `${experiment}/runs?${query({ ...training, compareRunsMode: 'CHART', ...children })}`,
    compare: ids.length < 2 ? undefined : `${trackingUri}/#/compare-runs?${query({ runs: JSON.stringify(ids), experiments: JSON.stringify([experimentId]) })}`,
  }
}

function query(parts: { readonly [key: string]: string }): string {
  return Object.entries(parts).map(([key, value]) => `${key}=${encodeURIComponent(value).replaceAll("'", '%27')}`).join('&')
}

/** What is printed when a study ends, in the words of MLflow's own client: people and terminals know them. */
export function linkLines(name: string, links: StudyLinks): string {
  // A name must not move the cursor of a terminal.
  return [`🏃 View run ${name.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')} at: ${links.study}`, `🧪 View trials at: ${links.trials}`, `📈 View charts at: ${links.charts}`, ''].join('\n')
}
