import type { TrialRecord } from '../contracts/trial-record.ts'
import type { Scalar } from '../contracts/values.ts'

/** One row of `table()`. */
export interface TableRow {
  readonly number: number
  readonly state: string
  readonly [column: string]: Scalar | undefined
}

const ofTrial: readonly string[] = ['number', 'state']

/** Plain rows. A name that is a column already, in whatever row, gets its group in front: `params.state`, `params.loss`. */
export function tableOf(trials: readonly TrialRecord[]): readonly TableRow[] {
  const taken = new Set(ofTrial)
  const columnsOf = (group: string, values: (trial: TrialRecord) => object): ReadonlyMap<string, string> => {
    const names = new Set(trials.flatMap((trial) => Object.keys(values(trial))))
    const columns = new Map(Array.from(names, (name) => [name, taken.has(name) ? `${group}.${name}` : name]))
    for (const name of names) taken.add(name)
    return columns
  }
  const metricColumns = columnsOf('metrics', ({ metrics }) => metrics)
  const paramColumns = columnsOf('params', ({ flatParams }) => flatParams)
  return trials.map(({ number, state, metrics, flatParams }) => {
    const row: { number: number; state: string; [column: string]: Scalar | undefined } = { number, state }
    for (const [name, value] of Object.entries(metrics)) row[metricColumns.get(name)!] = value
    for (const [path, value] of Object.entries(flatParams)) row[paramColumns.get(path)!] = value
    return row
  })
}
