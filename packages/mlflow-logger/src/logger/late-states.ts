import type { LoggerContext } from '@attune/core'
import { runStatuses } from './content/trial-change.ts'
import { endTags, trialRun } from './content/trial-run.ts'
import { mergeWrites } from './merge-writes.ts'
import type { Settings } from './options.ts'
import { RunWriter, type LaneParts } from './run-lane.ts'
import type { Upload } from './upload-lane.ts'

/**
 * Mends runs that seem to go on although their trials have ended: a process that was frozen may write their beginning after another one has
 * written their end.
 */
export function lateStates(parts: LaneParts, settings: Settings, context: LoggerContext, revision: number): Upload {
  const { client, runs, signal } = parts
  return {
    revision,
    size: 200,
    target: { kind: 'study' },
    what: 'the end of trials that were written in another order',
    replaces: 'states',
    after: revision - 1,
    async send(parent) {
      const { experimentId } = await runs.open()
      const trials = new Map(context.view.trials().filter(({ state }) => state === 'complete' || state === 'pruned' || state === 'failed').map((trial) => [String(trial.number), trial]))
      const found: { readonly runId: string; readonly number: string }[] = []
      for (const status of ['RUNNING', 'SCHEDULED']) {
        const filter = `tags.mlflow.parentRunId = '${parent}' AND attributes.status = '${status}'`
        for await (const { runId, tags } of client.runs.search([experimentId], { filter, signal })) found.push({ runId, number: tags['number'] ?? '' })
      }
      for (const { runId, number } of found) {
        const trial = trials.get(number)
        if (trial === undefined || (await runs.ofTrial(trial.number)) !== runId) continue
        const status = { status: runStatuses[trial.state], ...(trial.endedAt !== undefined && { endTime: trial.endedAt }) }
        await new RunWriter(parts, trialRun(trial, context, settings), runId).write(mergeWrites([{ tags: endTags(trial), status }]))
      }
    },
  }
}
