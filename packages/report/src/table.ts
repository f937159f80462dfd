import type { Scalar, TrialRecord } from '@attune/core'
import { own } from './own.ts'
import { trialDuration } from './results.ts'
import type { StudyData } from './study-data.ts'

/** What a column is about. */
export type ColumnGroup = 'trial' | 'param' | 'metric'

/** A column of `table(study)`. */
export interface Column {
  /** Unique: `number`, `state`, `params.learningRate`, `metrics.accuracy`, … */
  readonly key: string
  /** Without the group: `learningRate`. */
  readonly label: string
  readonly group: ColumnGroup
}

/** One row a trial. Cells are in the order of the columns; undefined is a value that the trial does not have. */
export interface StudyTable {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly (Scalar | undefined)[])[]
}

interface Source extends Column {
  read(trial: TrialRecord): Scalar | undefined
}

/** The study as plain rows, ascending by trial number: parameters in the order of the space, objectives before other metrics. */
export function table(study: StudyData): StudyTable {
  const sources = [...trialSources('number', 'state'), ...metricSources(study), ...paramSources(study), ...trialSources('steps', 'milliseconds', 'startedAt', 'failure', 'note')]
  return {
    columns: sources.map(({ key, label, group }) => ({ key, label, group })),
    rows: study.trials.map((trial) => sources.map((source) => source.read(trial))),
  }
}

const trialReaders = {
  number: (trial) => trial.number,
  state: (trial) => trial.state,
  /** Last step that was reported. */
  steps: (trial) => trial.reports.at(-1)?.step,
  milliseconds: trialDuration,
  startedAt: (trial) => (trial.startedAt === undefined ? undefined : new Date(trial.startedAt).toISOString()),
  failure: (trial) => (trial.failure === undefined ? undefined : `${trial.failure.reason}: ${trial.failure.message}`),
  note: ({ voided, violation, parent }) => {
    const notes = [voided !== undefined ? `void: ${voided}` : violation > 0 ? `violates constraints by ${violation}` : undefined, parent === undefined ? undefined : `fork of trial ${parent}`].filter((note) => note !== undefined)
    return notes.length === 0 ? undefined : notes.join('; ')
  },
} satisfies { [key: string]: (trial: TrialRecord) => Scalar | undefined }

function trialSources(...keys: readonly (keyof typeof trialReaders)[]): Source[] {
  return keys.map((key) => ({ key, label: key, group: 'trial', read: trialReaders[key] }))
}

function metricSources({ definition, trials }: StudyData): Source[] {
  const names = new Set(definition.objectives.map((objective) => objective.metric))
  for (const trial of trials) for (const name of Object.keys(trial.metrics)) names.add(name)
  const objectives = new Map(definition.objectives.map((objective, index) => [objective.metric, index]))
  return [...names].map((name) => {
    const index = objectives.get(name)
    return {
      key: `metrics.${name}`,
      label: name,
      group: 'metric',
      // The value of an objective is not always the last report: `from: 'best'`.
      read: (trial) => (index === undefined ? undefined : trial.values?.[index]) ?? own(trial.metrics, name),
    }
  })
}

function paramSources({ space, trials }: StudyData): Source[] {
  const paths = new Set(space.dimensions.map((dimension) => dimension.path))
  for (const trial of trials) for (const path of Object.keys(trial.flatParams)) paths.add(path)
  return [...paths].map((path) => ({ key: `params.${path}`, label: path, group: 'param', read: (trial) => own(trial.flatParams, path) }))
}
