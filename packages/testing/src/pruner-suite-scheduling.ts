import { type ArtifactStore, createStudy, float, MemoryArtifacts, minimize, type PrunerFactory, type Report, type Storage, type Study } from '@attune/core'
import { ensure, ensureEqual, settles, show } from './check.ts'
import { sharedStorage } from './drive.ts'
import { ensureNoComplaints, warnings, watchPruner } from './pruner-watch.ts'
import type { SuiteCase } from './suite.ts'

const lastStep = 16

/** Runs trials that save their state and go on from it, to a total or until the scheduler is done. Answers the steps that were trained. */
async function runScheduled(study: Study<unknown>, trials: number, concurrency: number): Promise<readonly string[]> {
  const trained: string[] = []
  await settles(study.optimize(
    async function* ({ number, params, resumeFrom, toStep = lastStep }): AsyncGenerator<Report, void, void> {
      for (let step = (resumeFrom?.step ?? 0) + 1; step <= toStep; step++) {
        trained.push(`trial ${number}, step ${step}`)
        yield { step, loss: (params as { readonly x: number }).x + 1 / step, checkpoint: () => Uint8Array.of(step) }
      }
    },
    { trials, concurrency },
  ), `optimize with ${trials} trials, ${concurrency} at once`)
  return trained
}

/** What became of each trial, without what differs between processes. */
function lives(study: Study<unknown>): readonly unknown[] {
  return study.trials().map(({ state, flatParams, parent, toStep, reports }) => [state, flatParams, parent ?? -1, toStep ?? -1, reports.map(({ step, metrics }) => [step, metrics])])
}

async function openScheduled(pruner: PrunerFactory, storage: Storage = sharedStorage(), artifacts: ArtifactStore = new MemoryArtifacts()): Promise<Study<unknown>> {
  return createStudy({ name: 'conformance', seed: 7, storage, artifacts, ifExists: 'resume', pruner, space: { x: float(0, 1) }, objective: minimize('loss') })
}

/** What a pruner that schedules must keep, and one that does not keeps as well. `good` is the total of its studies. */
export function schedulingCases(make: () => PrunerFactory, good: number): readonly SuiteCase[] {
  const test = (name: string, run: SuiteCase['run']): SuiteCase => ({ name, run })

  return [
    test('schedules by the history alone: what it wants exists, and a new instance wants the same', async () => {
      for (const concurrency of [1, 4]) {
        const seen = watchPruner(make())
        const study = await openScheduled(seen.factory)
        await runScheduled(study, good, concurrency)
        ensureNoComplaints(seen)
        const refused = (await warnings(study)).filter((message) => message.includes('wants what cannot be started'))
        ensure(refused.length === 0, () => refused.join('\n'))
      }
    }),
    test('comes to an end: with the total reached nothing runs or waits, and no step was trained twice', async () => {
      for (const concurrency of [1, 4]) {
        const study = await openScheduled(make())
        const trained = await runScheduled(study, good, concurrency)
        const { running, waiting } = study.counts
        ensure(running + waiting === 0, `${running} trials run and ${waiting} wait after the end.`)
        ensure(study.trials().length <= good, `${study.trials().length} trials were made, for a total of ${good}.`)
        ensure(new Set(trained).size === trained.length, () => `Steps were trained twice: ${show(trained.filter((step, i) => trained.indexOf(step) !== i))}`)
        for (const { number, reports } of study.trials()) ensure(reports.every(({ step }, i) => i === 0 || step === (reports[i - 1]?.step ?? 0) + 1), `The reports of trial ${number} have a gap.`)
      }
    }),
    test('schedules the same after a restart at any total', async () => {
      const total = Math.min(good, 12)
      const whole = await openScheduled(make())
      for (let trials = 1; trials <= total; trials++) await runScheduled(whole, trials, 1)
      const [storage, artifacts] = [sharedStorage(), new MemoryArtifacts()]
      for (let trials = 1; trials <= total; trials++) {
        const study = await openScheduled(make(), storage, artifacts)
        await runScheduled(study, trials, 1)
        if (trials === total) ensureEqual(lives(study), lives(whole), 'Trials of a study that was closed and opened again before each of them')
        await study.close()
      }
    }),
  ]
}
