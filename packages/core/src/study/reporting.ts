import type { Operation } from '../contracts/change.ts'
import type { Random } from '../contracts/random.ts'
import type { Report } from '../contracts/trainer.ts'
import { AttuneError, describe } from '../errors.ts'
import { failpoint } from '../failpoint.ts'
import type { Checkpoints } from './artifacts/checkpoints.ts'
import type { Judge } from './judge.ts'
import type { Leases } from './leases.ts'
import { checkStep, metricsOfReport } from './metrics.ts'
import type { StudyAccess } from './study-access.ts'
import type { StudyArtifacts } from './artifacts/study-artifacts.ts'
import type { Trial } from './trial.ts'
import type { Warnings } from './warnings.ts'

export interface ReportingParts {
  readonly access: StudyAccess
  readonly artifacts: StudyArtifacts
  readonly checkpoints: Checkpoints
  readonly judge: Judge
  readonly leases: Leases
  readonly random: Random
  readonly warnings: Warnings
}

/** What becomes of a report: it is stored with its checkpoint, the pruner judges it, and the trial goes on or stops. */
export class Reporting {
  readonly #parts: ReportingParts

  constructor(parts: ReportingParts) {
    this.#parts = parts
  }

  /** Stores a report and asks the pruner. Throws INVALID_METRIC, INVALID_STEP, INVALID_CHECKPOINT, TRIAL_ENDED. */
  async report(trial: Trial, report: Report, checkpoint: boolean): Promise<'continue' | 'stop'> {
    const { access, judge, leases, random } = this.#parts
    const { history } = access
    const { number, token } = trial
    if (leases.get(number) !== trial || trial.stopReason === 'lost') {
      if (trial.stopReason !== undefined) return 'stop'
      throw new AttuneError('TRIAL_ENDED', `Trial ${number} has ended: it takes no more reports.`, { details: { number } })
    }
    const last = history.reports(number).at(-1)
    // Steps of whoever runs it by now are no mistake of this attempt.
    if (last !== undefined && report.step <= last.step && this.#overtaken(trial)) {
      leases.lose(trial)
      return 'stop'
    }
    const step = checkStep(report.step, last)
    const metrics = metricsOfReport(report, history.definition)
    const saved = checkpoint ? await this.#saved(trial, step, report) : undefined
    const result = await access.write(saved === undefined ? [{ type: 'report', number, token, step, metrics }] : [{ type: 'report', number, token, step, metrics }, saved.operation])
    failpoint('engine.after-report')
    await saved?.settle()
    if (!result.ok) {
      leases.lose(trial)
      return 'stop'
    }
    if (trial.stopReason !== undefined) return 'stop'
    const verdict = judge.judge({
      number,
      step,
      loss: history.loss(metrics),
      random: random.stream(number, `judge:${step}`),
      get trial() {
        return history.trial(number)
      },
    })
    if (verdict === 'prune') trial.stop('pruned')
    else if (verdict === 'pause' || (trial.toStep !== undefined && step >= trial.toStep)) {
      trial.stop('paused')
      if (saved === undefined) await this.#saveWherePaused(trial, step, report)
    }
    return trial.stopReason === undefined ? 'continue' : 'stop'
  }

  /** Where it is paused, there it goes on: whatever the interval of checkpoints is. */
  async #saveWherePaused(trial: Trial, step: number, report: Report): Promise<void> {
    try {
      const saved = await this.#saved(trial, step, report)
      if (saved === undefined) return
      await this.#parts.access.write([saved.operation])
      await saved.settle()
    } catch (error) {
      if (this.#parts.access.hasFailedWith(error)) throw error
      this.#parts.warnings.tell('study', `Trial ${trial.number} is paused at step ${step} without a checkpoint of that step: ${describe(error)}`, trial.number)
    }
  }

  /** A saved checkpoint: what stores it, and what is to be called once it is stored or refused. */
  async #saved({ number, token }: Trial, step: number, { checkpoint }: Report): Promise<{ readonly operation: Operation; settle(): Promise<void> } | undefined> {
    const saved = checkpoint === undefined ? undefined : await this.#parts.checkpoints.save(number, step, checkpoint)
    if (saved === undefined) return undefined
    const settle = async (): Promise<void> => {
      this.#parts.artifacts.settle(saved.hash)
      await this.#parts.artifacts.tidy()
    }
    return { operation: { type: 'checkpoint', number, token, step, artifact: { ...saved, kind: 'checkpoint' } }, settle }
  }

  /** True if it is known here that somebody else runs the trial, or has ended it. */
  #overtaken({ number, attempt }: Trial): boolean {
    const record = this.#parts.access.history.trial(number)
    return record.attempt !== attempt || record.state !== 'running'
  }
}
