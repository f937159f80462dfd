/** Which study, trial and parameters a model comes from. */
export interface ExportOrigin {
  readonly study?: string
  readonly trial?: number
  /** Anything that JSON can say. */
  readonly parameters?: unknown
}

/** As the keys `study`, `trial` and `parameters` of a file, the last one as JSON. */
export function originMetadata({ study, trial, parameters }: ExportOrigin = {}): Record<string, string> {
  return {
    ...(study === undefined ? {} : { study }),
    ...(trial === undefined ? {} : { trial: String(trial) }),
    ...(parameters === undefined ? {} : { parameters: JSON.stringify(parameters) }),
  }
}
