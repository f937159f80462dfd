import type { ReadOptions } from './event-reader.ts'
import type { ExperimentValue, OtherValue, SessionEndValue, SessionStartValue, SummaryValue, TensorBoardEvent } from './event.ts'
import { readRun } from './run-reader.ts'

/** The points of a scalar tag; the same index belongs together. */
export interface ScalarSeries {
  readonly steps: readonly number[]
  /** Milliseconds since the epoch. */
  readonly times: readonly number[]
  readonly values: readonly number[]
}

/** A value at a step. */
export interface RunPoint {
  readonly step: number
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly value: SummaryValue | OtherValue
}

/** A run in memory, without what a restart has made readers forget. */
export interface RunData {
  readonly scalars: ReadonlyMap<string, ScalarSeries>
  /** Texts, histograms, images, tensors and what is unknown, by tag. */
  readonly points: ReadonlyMap<string, readonly RunPoint[]>
  /** Of the HParams tab; the first of each counts. */
  readonly sessionStart?: SessionStartValue
  readonly sessionEnd?: SessionEndValue
  readonly experiment?: ExperimentValue
}

type Mutable<Type> = { -readonly [key in keyof Type]: Type[key] }
interface Series {
  steps: number[]
  times: number[]
  values: number[]
}

/**
 * Reads a whole run, and forgets what TensorBoard's EventAccumulator forgets: at a `start`, all points from its step on; in
 * files without the version `brain.Event:2`, those of a tag from a step on that comes again. Unlike TensorBoard it keeps all
 * other points and no sample of them. Rejects as `readRun` throws.
 */
export async function loadRun(folder: string, options: Omit<ReadOptions, 'follow' | 'pollInterval'> = {}): Promise<RunData> {
  const scalars = new Map<string, Series>()
  const points = new Map<string, RunPoint[]>()
  const hparams: Mutable<Pick<RunData, 'sessionStart' | 'sessionEnd' | 'experiment'>> = {}
  let version = 0
  let lastStep = -Infinity

  function forget(from: number, isConcerned: (tag: string) => boolean): void {
    for (const [tag, { steps, times, values }] of scalars) {
      if (!isConcerned(tag)) continue
      const kept = steps.flatMap((step, index) => (step < from ? [index] : []))
      scalars.set(tag, { steps: kept.map((index) => steps[index]!), times: kept.map((index) => times[index]!), values: kept.map((index) => values[index]!) })
    }
    for (const [tag, list] of points) if (isConcerned(tag)) points.set(tag, list.filter(({ step }) => step < from))
  }

  function take(step: number, time: number, value: SummaryValue | OtherValue): void {
    if (value.kind === 'session-start') hparams.sessionStart ??= value
    else if (value.kind === 'session-end') hparams.sessionEnd ??= value
    else if (value.kind === 'experiment') hparams.experiment ??= value
    else if (value.kind === 'scalar') {
      const series = getOrSet(scalars, value.tag, (): Series => ({ steps: [], times: [], values: [] }))
      series.steps.push(step)
      series.times.push(time)
      series.values.push(value.value)
    } else getOrSet(points, value.tag, (): RunPoint[] => []).push({ step, time, value })
  }

  for await (const event of readRun(folder, options)) {
    if (event.kind === 'version') version = versionNumber(event)
    else if (event.kind === 'start' && version >= 2) forget(event.step, () => true)
    else if (event.kind === 'summary') {
      if (version < 2 && event.step < lastStep) {
        const tags = new Set(event.values.map((value) => ('tag' in value ? value.tag : '')))
        forget(event.step, (tag) => tags.has(tag))
      }
      lastStep = event.step
      for (const value of event.values) take(event.step, event.time, value)
    }
  }
  return { scalars: withoutEmpty(scalars, ({ steps }) => steps), points: withoutEmpty(points, (list) => list), ...hparams }
}

function versionNumber({ version }: Extract<TensorBoardEvent, { readonly kind: 'version' }>): number {
  return Number(/^brain\.Event:(\d+)/.exec(version)?.[1] ?? 0)
}

function getOrSet<Value>(map: Map<string, Value>, key: string, create: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const created = create()
  map.set(key, created)
  return created
}

function withoutEmpty<Value>(map: Map<string, Value>, list: (value: Value) => readonly unknown[]): ReadonlyMap<string, Value> {
  return new Map([...map].filter(([, value]) => list(value).length > 0))
}
