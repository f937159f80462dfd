import { createStudy, float, maximize, MemoryStorage, minimize, type PrunerFactory, type Report, type Study, type Trial, type TrialRecord } from '@attune/core'

/** A report: its step, and its loss; undefined for a report that says nothing of the loss. */
export type Point = readonly [step: number, loss: number | undefined]

/** A real study that a test drives by hand, one report at a time. */
export interface Script {
  readonly study: Study
  readonly start: () => Promise<Trial>
  /** True if the pruner lets the trial go on. */
  readonly report: (trial: Trial, step: number, loss: number | undefined) => Promise<boolean>
  /** A trial that makes these reports and completes; ends early where the pruner says so. */
  readonly run: (...points: readonly Point[]) => Promise<TrialRecord>
  readonly complete: (trial: Trial, loss: number) => Promise<void>
  /** Declares a trial void. */
  readonly discard: (number: number) => Promise<void>
  readonly warnings: () => Promise<readonly string[]>
}

export async function script(pruner: PrunerFactory, direction: 'minimize' | 'maximize' = 'minimize'): Promise<Script> {
  let time = 0
  const storage = new MemoryStorage({ now: () => ++time })
  const study = (await createStudy({ seed: 1, storage, pruner, space: { x: float(0, 1) }, objective: direction === 'minimize' ? minimize('loss') : maximize('loss') })) as Study
  const sign = direction === 'minimize' ? 1 : -1
  const report = async (trial: Trial, step: number, loss: number | undefined): Promise<boolean> => {
    const content: Report = loss === undefined ? { step, other: 1 } : { step, loss: sign * loss }
    return (await trial.report(content)) === 'continue'
  }
  return {
    study,
    report,
    start: async () => (await study.ask()),
    async run(...points) {
      const trial = await study.ask()
      for (const [step, loss] of points) if (!(await report(trial, step, loss))) return study.prune(trial)
      return study.tell(trial, points.length === 0 ? { loss: 0 } : {})
    },
    async complete(trial, loss) {
      await study.tell(trial, { loss: sign * loss })
    },
    async discard(number) {
      storage.write(study.summary.id, { id: `void ${number}`, operations: [{ type: 'amend', number, amendment: { void: 'It was measured wrongly.' }, by: 'me' }] })
      await study.refresh()
    },
    async warnings() {
      const messages: string[] = []
      for await (const event of study.events()) if (event.type === 'warning') messages.push(event.message)
      return messages
    },
  }
}
