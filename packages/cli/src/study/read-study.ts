import { constraint, loadStudy, type FunctionConstraint, type Json, type Storage, type Study, type TrialRecord, type Worker } from '@attune/core'
import { nodeHost } from '@attune/node'

/** A study as it is stored, and what follows from it. */
export interface StudyFacts {
  readonly study: Study
  /** `running` while a process runs trials, `done` when the goal is reached, `new` before the first trial. */
  readonly state: 'new' | 'running' | 'done' | 'stopped'
  /** Complete and pruned trials wanted in all, if a run said so. */
  readonly goal: number | undefined
  /** Complete and pruned trials. */
  readonly done: number
  /** The best trial, or with several objectives those that no other one beats. */
  readonly best: readonly TrialRecord[]
  readonly workers: readonly Worker[]
  /** Milliseconds since the epoch. */
  readonly lastActivityAt: number
}

/** Reads a study, whatever its constraints are: what only judges new points is not needed to read old ones. Throws STUDY_NOT_FOUND. */
export async function readStudy(storage: Storage, name: string): Promise<StudyFacts> {
  const summary = await storage.findStudy(name)
  const study = await loadStudy({ storage, name, constraints: standIns(summary?.definition.space ?? null) })
  const { columns, counts, definition } = study
  const goal = columns.goal
  const done = counts.complete + counts.pruned + counts.paused
  const workers = await Promise.all((await study.workers()).map(knowingTheDead))
  const [last] = await storage.changesSince(study.summary.id, study.summary.revision - 1, 1)
  return {
    study,
    state: workers.some(({ state }) => state === 'running') ? 'running' : goal !== undefined && done >= goal ? 'done' : columns.length === 0 ? 'new' : 'stopped',
    goal,
    done,
    best: definition.objectives.length > 1 ? study.pareto() : columns.best < 0 ? [] : [study.best],
    workers,
    lastActivityAt: last?.time ?? study.summary.createdAt,
  }
}

/** Functions are not stored: in their place stand some that are never called here. */
function standIns(space: Json): readonly FunctionConstraint<never>[] {
  const { constraints = [] } = Object(space) as { readonly constraints?: readonly { readonly kind: string; readonly name: string; readonly version: number }[] }
  return constraints.filter(({ kind }) => kind === 'function').map(({ name, version }) => constraint(name, () => 0, { version }))
}

/** Who reads only is nobody's host: this machine's dead processes are looked for here. */
async function knowingTheDead(worker: Worker): Promise<Worker> {
  const over = worker.state === 'closed' && worker.running.length === 0
  return !over && (await nodeHost().isGone(worker.owner)) ? { ...worker, state: 'gone' } : worker
}
