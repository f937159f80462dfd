import { DatabaseSync } from 'node:sqlite'
import { loadStudy } from '@attune/core'
import { SqliteStorage } from '@attune/storage'
import { soakStep, soakValue, type soakSpace } from './objective.ts'
import type { Params } from '@attune/core'

/** What workers said is stored, by trial and by trial and step. */
export interface Said {
  readonly done: Map<number, number>
  readonly steps: Map<string, number>
}

export interface Verified {
  readonly problems: readonly string[]
  readonly trials: number
  /** How often a trial went back to the queue because its owner was lost. */
  readonly requeues: number
  /** Results that were acknowledged to somebody, and are there. */
  readonly acknowledged: number
}

/** What SQLite says of the file's own integrity. */
export function checkFile(path: string): readonly string[] {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const rows = database.prepare('pragma integrity_check').all() as { readonly integrity_check: string }[]
    return rows.map((row) => row.integrity_check).filter((line) => line !== 'ok').map((line) => `integrity_check: ${line}`)
  } finally {
    database.close()
  }
}

/** Holds a finished study against what its workers were told. */
export async function verify(path: string, name: string, goal: number, said: Said): Promise<Verified> {
  const problems: string[] = [...checkFile(path)]
  const storage = await SqliteStorage.open(path)
  const study = await loadStudy({ storage, name })
  const ends = new Map<number, number>()
  let requeues = 0
  const { id } = study.summary
  for (let revision = 0; ; ) {
    const page = await storage.changesSince(id, revision)
    if (page.length === 0) break
    for (const change of page) {
      if (change.revision !== ++revision) problems.push(`revision ${change.revision} where ${revision} should be`)
      const { body } = change
      if (body.type === 'requeue') requeues++
      if (body.type === 'finish' && body.requeue !== true) ends.set(body.number, (ends.get(body.number) ?? 0) + 1)
    }
  }
  const { counts } = study
  if (counts.complete !== goal || counts.waiting + counts.running + counts.paused + counts.pruned !== 0) problems.push(`${goal} complete trials were asked for: ${JSON.stringify(counts)}`)
  for (const [number, times] of ends) if (times !== 1) problems.push(`trial ${number} ended ${times} times`)
  for (const trial of study.trials()) {
    const params = trial.params as Params<typeof soakSpace>
    if (trial.state === 'complete' && trial.value !== soakValue(params)) problems.push(`trial ${trial.number} has the value ${trial.value}, not ${soakValue(params)}`)
    for (const [i, { step, metrics }] of trial.reports.entries()) if (step !== i + 1 || metrics['loss'] !== soakStep(params, step)) problems.push(`trial ${trial.number}: report ${i} is step ${step} with ${metrics['loss']}`)
  }
  for (const [number, value] of said.done) if (number >= study.columns.length || study.trial(number).value !== value) problems.push(`trial ${number} was acknowledged with ${value}, and is not there`)
  for (const [key, value] of said.steps) {
    const [number, step] = key.split(' ').map(Number) as [number, number]
    if (study.trial(number).reports.find((report) => report.step === step)?.metrics['loss'] !== value) problems.push(`step ${step} of trial ${number} was acknowledged with ${value}, and is not there`)
  }
  await study.close()
  await storage.close()
  return { problems, trials: study.columns.length, requeues, acknowledged: said.done.size + said.steps.size }
}
