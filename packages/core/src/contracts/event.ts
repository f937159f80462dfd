import type { Amendment, StudyReference } from './change.ts'
import type { StudySummary } from './storage.ts'
import type { ArtifactReference, StepReport, TrialRecord } from './trial-record.ts'
import type { FlatParams, Json } from './values.ts'

interface Base {
  /** Revision of the change that this event derives from; several events may share one. */
  readonly revision: number
  /** Milliseconds since the epoch, by the storage's clock. */
  readonly time: number
  /** True if another event of the same revision follows: the revision is kept once that one is. */
  readonly more?: true
}

interface OfProcess extends Base {
  /** The process that did it, as `owner` of a logger's context names the one that the logger runs in. */
  readonly owner: string
}

interface OfTrial<P> extends Base {
  /** A snapshot of the trial right after the change. */
  readonly trial: TrialRecord<P>
}

/**
 * What happens in a study, in the order of its history. Every event derives from stored changes, so each
 * process that looks at a study sees the same stream, and a logger can catch up after a restart.
 */
export type StudyEvent<P = unknown> =
  /** `sampler` as in `tpe@1`, `pruner` by its id. */
  | (OfProcess & { readonly type: 'study.opened' | 'study.resumed'; readonly study: StudySummary; readonly sampler?: string; readonly pruner?: string })
  /** `optimize` began, in this process or another: `goal` is the number of complete, pruned and paused trials the study should have in all, if it was given. */
  | (OfProcess & { readonly type: 'study.started'; readonly goal: number | undefined })
  | (OfProcess & { readonly type: 'study.stopped'; readonly reason: string })
  | (OfTrial<P> & { readonly type: 'trial.asked' | 'trial.started' | 'trial.paused' | 'trial.resumed' | 'trial.completed' | 'trial.pruned' | 'trial.failed' })
  /** An attempt failed or lost its owner, and the trial waits to be started again. */
  | (OfTrial<P> & { readonly type: 'trial.requeued' })
  | (OfTrial<P> & { readonly type: 'trial.reported'; readonly report: StepReport })
  /** A correction, by whom. `trial` has it already. */
  | (OfTrial<P> & { readonly type: 'trial.amended'; readonly amendment: Amendment; readonly by: string })
  | (OfTrial<P> & { readonly type: 'checkpoint.saved'; readonly step: number; readonly artifact: ArtifactReference })
  | (OfTrial<P> & { readonly type: 'best.improved' })
  | (Base & { readonly type: 'artifact.added'; readonly number: number | undefined; readonly name: string; readonly artifact: ArtifactReference })
  | (Base & { readonly type: 'attribute.set'; readonly number: number | undefined; readonly key: string; readonly value: Json })
  | (Base & { readonly type: 'space.extended'; readonly path: string })
  | (Base & { readonly type: 'study.renamed'; readonly before: string; readonly name: string; readonly by: string; readonly note: string | undefined })
  /** The space is larger from here on: `space` of the logger's context is the new one. `values` is what trials so far have for new parameters. */
  | (Base & { readonly type: 'space.revised'; readonly fingerprint: string; readonly values: FlatParams; readonly by: string; readonly note: string | undefined })
  /** The next `trials` trials come from another study. */
  | (Base & { readonly type: 'study.merged'; readonly from: StudyReference; readonly trials: number; readonly by: string; readonly note: string | undefined })
  /** The study was made as a copy: everything before happened in the other study. */
  | (Base & { readonly type: 'study.copied'; readonly from: StudyReference; readonly by: string })
  | (Base & { readonly type: 'warning'; readonly number: number | undefined; readonly source: string; readonly message: string })
  /** A plugin tells what it decided and why, as which model a sampler goes on with: nothing is wrong. */
  | (Base & { readonly type: 'remark'; readonly source: string; readonly message: string })
