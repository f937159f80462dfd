/** One value of a configuration: a number, or the text of a category. */
export type Value = number | string

/** A configuration in natural units; an inactive parameter is absent. */
export type Configuration = Readonly<Record<string, Value>>

/** A parameter as the benchmark's authors describe it. */
export type Parameter = {
  readonly name: string
  /** Present on a conditional parameter: it exists only where the (categorical) parent has this value. */
  readonly when?: { readonly parent: string; readonly value: string }
} & (
  | { readonly kind: 'float' | 'int'; readonly low: number; readonly high: number; readonly log: boolean }
  | { readonly kind: 'ordinal' | 'categorical'; readonly choices: readonly Value[] }
)

export type Direction = 'minimize' | 'maximize'
export type Family = 'numeric' | 'conditional' | 'tables' | 'functions'

/** A deterministic benchmark problem made by others: a table of measured results, or a surrogate fitted to them. */
export interface Problem {
  readonly id: string
  readonly family: Family
  readonly direction: Direction
  /** Parents come before their children. */
  readonly parameters: readonly Parameter[]
  /** The objective in natural units. Throws on an unknown choice or a missing active parameter. */
  evaluate(configuration: Configuration): number | Promise<number>
  /** Tables only: one of the repeated measurements of a configuration, as a training with a seed of its own would give. */
  measureOnce?(configuration: Configuration, uniform: () => number): number
  /** Many configurations at once, where that is quicker; same order. */
  evaluateMany(configurations: readonly Configuration[]): Promise<Float64Array>
}

/** An entry of problems/problems.json. */
export interface ProblemEntry {
  readonly id: string
  readonly family: Family
  readonly direction: Direction
  /** A function of src/problems/functions.ts, and of how many numbers. */
  readonly function?: string
  readonly dimensions?: number
  readonly table?: string
  readonly space?: string
  readonly scenario?: string
  readonly instance?: string
  readonly target?: string
  readonly fixed?: Readonly<Record<string, number>>
}
