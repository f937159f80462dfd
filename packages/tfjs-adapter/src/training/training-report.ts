/** What a training tells of itself at a step, in the unit of reports. */
export interface TrainingReport {
  readonly step: number
  readonly metrics: { readonly [metric: string]: number }
}
