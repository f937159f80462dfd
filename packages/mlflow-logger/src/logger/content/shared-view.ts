import type { LoggerContext, TrialRecord } from '@attune/core'
import { encodeKey } from '../../client/names.ts'
import { ranked } from './ranked.ts'

/*
 * MLflow's page keeps a view that somebody shares as a tag of the experiment, and opens it for an address that names the tag. Ours has the
 * trials of one study, best first, with their parameters as columns and as parallel coordinates. The names are those of MLflow 3.17
 * (ExperimentPageUIState, RunsChartsCardConfig); a page that does not know some of them leaves them out.
 */

/** Tags of experiments may have 5,000 characters on all servers, and a view that is cut cannot be opened. */
const mostCharacters = 4_900
/** More axes or columns cannot be told apart. */
const mostParams = 12
/** Beyond that many, MLflow's page draws the curves of the first twenty. */
const mostCurves = 50

export interface SharedView {
  /** The name in addresses, as `viewStateShareKey`. */
  readonly key: string
  /** The experiment's tag. */
  readonly tag: string
  readonly value: string
}

/** What the view shows first, and which run it is about. */
export function sharedView({ study, view, space }: Pick<LoggerContext, 'study' | 'view' | 'space'>, parent: string): SharedView {
  const key = `attune-${study.id.slice(0, 40)}`
  const trials = view.trials()
  const { objectives, name } = view.study.definition
  const results = ranked(trials, objectives[0]?.direction === 'maximize')
  const paths = results.length < 2 ? expectedParams(space) : shownParams(results)
  const values = objectives.length === 1 ? ['value'] : objectives.map((_, index) => `value_${index}`)
  const state = (params: readonly ShownParam[]): string => JSON.stringify({
    ...searchState(parent, objectives),
    selectedColumns: ['tags.`attune.state`', ...values.map((metric) => `metrics.\`${metric}\``), ...params.map(({ key }) => `params.\`${key}\``)],
    runsHiddenMode: trials.length > mostCurves ? 'FIRST_20_RUNS' : 'SHOW_ALL',
    compareRunSections: [{ uuid: 'attune', name: name.slice(0, 100), display: true, isReordered: false, columns: 1, cardHeight: 360 }],
    compareRunCharts: [
      // A run that lacks one of the axes would not be drawn at all.
      ...(params.some(({ always }) => always) ? [chart('PARALLEL', 'parallel', { selectedParams: params.filter(({ always }) => always).map(({ key: param }) => param), selectedMetrics: values, showAllRuns: true })] : []),
      ...objectives.map(({ metric }, index) => chart('LINE', `curve-${index}`, { metricKey: encodeKey(metric), selectedMetricKeys: [encodeKey(metric)], xAxisKey: 'step', xAxisScaleType: 'linear', scaleType: 'linear', lineSmoothness: 0, range: {}, yAxisKey: 'metric', yAxisExpressions: [], useGlobalXaxisKey: true, useGlobalLineSmoothing: true })),
    ],
    isAccordionReordered: true,
  })
  let value = state(paths)
  for (let count = paths.length - 1; value.length > mostCharacters && count >= 0; count--) value = state(paths.slice(0, count))
  return { key, tag: `mlflow.sharedViewState.${key}`, value }
}

/** Children of a run, ordered by the first objective. In the order of their creation, the page folds them away. */
export function searchState(parent: string, objectives: LoggerContext['study']['definition']['objectives']): { readonly searchFilter: string; readonly orderByKey: string; readonly orderByAsc: boolean } {
  return {
    searchFilter: `tags.mlflow.parentRunId = '${parent}'`,
    orderByKey: `metrics.\`${objectives.length === 1 ? 'value' : 'value_0'}\``,
    orderByAsc: objectives[0]?.direction !== 'maximize',
  }
}

function chart(type: 'PARALLEL' | 'LINE', uuid: string, more: { readonly [field: string]: unknown }): { readonly [field: string]: unknown } {
  return { uuid: `attune-${uuid}`, type, runsCountToCompare: 10, metricSectionId: 'attune', deleted: false, isGenerated: false, ...more }
}

interface ShownParam {
  /** Under which MLflow has it. */
  readonly key: string
  /** Whether all trials have it. */
  readonly always: boolean
}

/** Before trials have ended: those of the space. */
function expectedParams({ dimensions }: LoggerContext['space']): readonly ShownParam[] {
  const varied = dimensions.filter(({ cells }) => cells > 1).toSorted((a, b) => Number(a.conditions.length > 0) - Number(b.conditions.length > 0))
  return varied.slice(0, mostParams).map(({ path, conditions, dynamic }) => ({ key: encodeKey(path), always: conditions.length === 0 && !dynamic }))
}

/** The parameters that differ between trials, those that most of them have first. */
function shownParams(trials: readonly Pick<TrialRecord, 'flatParams'>[]): readonly ShownParam[] {
  const values = new Map<string, { count: number; readonly different: Set<unknown> }>()
  for (const { flatParams } of trials) {
    for (const [path, value] of Object.entries(flatParams)) {
      const entry = values.get(path) ?? { count: 0, different: new Set() }
      entry.count++
      if (entry.different.size < 2) entry.different.add(value)
      values.set(path, entry)
    }
  }
  const varied = [...values].filter(([, { different }]) => different.size > 1).toSorted(([, a], [, b]) => b.count - a.count)
  return varied.slice(0, mostParams).map(([path, { count }]) => ({ key: encodeKey(path), always: count === trials.length }))
}
