import { MemoryArtifacts, type Study, type StudyEvent } from '@attune/core'
import { loggerContextOf } from '@attune/testing'
import type { MetricPoint } from '../../client/types.ts'
import type { RunStart, RunWrites } from '../writes.ts'
import { eventChanges } from './event-changes.ts'

/** What a run holds once all writes to it have been made, in their order. */
export interface WrittenRun {
  readonly start: RunStart | undefined
  adoptedBy?: string
  name: string | undefined
  status: RunWrites['status']
  readonly points: MetricPoint[]
  readonly params: { [key: string]: string }
  readonly tags: { [key: string]: string }
  readonly artifacts: Map<string, string | Uint8Array | undefined>
  readonly inputs: NonNullable<RunWrites['inputs']>[number][]
}

export const settings = { runId: undefined, runName: undefined, surroundings: { 'mlflow.user': 'ada' }, tags: { team: 'vision' }, model: { artifact: 'model' } } as const

/** Every run of a study by its key, `study` for the study's own, from all its events (or those given). */
export async function runsOf(study: Study<unknown>, artifacts = new MemoryArtifacts(), given?: readonly StudyEvent[]): Promise<Map<string, WrittenRun>> {
  const context = loggerContextOf(study, { artifact: async ({ hash }) => artifacts.get(hash) })
  const runs = new Map<string, WrittenRun>()
  const events: StudyEvent[] = given === undefined ? [] : [...given]
  if (given === undefined) for await (const event of study.events()) events.push(event)
  for (const event of events) {
    for (const { run, writes } of eventChanges(event, context, settings)) {
      const key = run.kind === 'study' ? 'study' : run.key
      let written = runs.get(key)
      if (written === undefined) {
        const start = run.kind === 'study' ? undefined : run.start
        written = { start, name: start?.name, status: undefined, points: [], params: {}, tags: { ...(start?.tags as { [key: string]: string } | undefined) }, artifacts: new Map(), inputs: [] }
        runs.set(key, written)
        const adopted = run.kind === 'study' || run.adopts === undefined ? undefined : runs.get(run.adopts)
        if (adopted !== undefined) adopted.adoptedBy = key
      }
      written.name = writes.name ?? written.name
      written.status = writes.status ?? written.status
      written.points.push(...(writes.metrics ?? []))
      for (const [path, value] of Object.entries(writes.params ?? {})) {
        if (Object.hasOwn(written.params, path) && written.params[path] !== value) throw new Error(`MLflow refuses to change ${path}.`)
        written.params[path] = String(value)
      }
      for (const tag of writes.removedTags ?? []) delete written.tags[tag]
      Object.assign(written.tags, writes.tags)
      for (const { path, content } of writes.artifacts ?? []) written.artifacts.set(path, typeof content === 'function' ? await content() : content)
      written.inputs.push(...(writes.inputs ?? []))
    }
  }
  return runs
}

/** The point of each metric that MLflow's tables show: the last by step, time and value. */
export function latest({ points }: WrittenRun): { readonly [key: string]: number } {
  const last = new Map<string, MetricPoint>()
  for (const point of points) {
    const before = last.get(point.key)
    const order = before === undefined ? 1 : (point.step ?? 0) - (before.step ?? 0) || (point.timestamp ?? 0) - (before.timestamp ?? 0) || point.value - before.value
    if (order >= 0) last.set(point.key, point)
  }
  return Object.fromEntries([...last].map(([key, { value }]) => [key, value]))
}

/** Steps and values of a metric, each point once, as MLflow keeps them. */
export function curve({ points }: WrittenRun, key: string): readonly (readonly [number | undefined, number])[] {
  const once = new Map(points.filter((point) => point.key === key).map((point) => [`${point.step} ${point.timestamp} ${point.value}`, point]))
  return [...once.values()].map(({ step, value }) => [step, value] as const)
}
