import type { LoggerContext } from '@attune/core'
import { logBestModel } from './content/best-model.ts'
import { linkLines } from './content/links.ts'
import { summaryWrites } from './content/summary.ts'
import { kindOf } from './failures.ts'
import { mergeWrites } from './merge-writes.ts'
import type { Settings } from './options.ts'
import { RunWriter, type LaneParts } from './run-lane.ts'
import { artifactUpload, type Upload } from './upload-lane.ts'
import type { RunIds } from './writes.ts'

const target = { kind: 'study' } as const

/** What a study leaves when a run of it ends: its summary and table, with links to where it is seen, and its best model. */
export function studyEnd(parts: LaneParts, settings: Settings, context: LoggerContext, revision: number, stopped: string | undefined): readonly Upload[] {
  // What is written at the end speaks of everything before, and links to it.
  const after = revision - 1
  const runsOf = async (parent: string): Promise<RunIds> => {
    const { experimentId } = await parts.runs.open()
    return { trackingUri: parts.client.trackingUri, experimentId, parent, trial: (number) => parts.runs.ofTrial(number) }
  }
  const summary: Upload = {
    revision,
    size: 200,
    target,
    what: 'the summary of the study',
    replaces: 'summary',
    after,
    async send(parent) {
      const runs = await runsOf(parent)
      const share = (tag: string, value: string): Promise<boolean> => parts.client.experiments.setTags(runs.experimentId, { [tag]: value }, { signal: parts.signal }).then(
        () => true,
        (error: unknown) => {
          if (kindOf(error) === 'later') throw error
          return false // Who may write runs may not write experiments everywhere; links do without.
        },
      )
      const { writes, links } = await summaryWrites(context, runs, stopped, share)
      const { artifacts = [], ...values } = writes
      await new RunWriter(parts, target, parent).write(mergeWrites([values]))
      for (const artifact of artifacts) await artifactUpload(parts, target, revision, 0, artifact).send(parent)
      if (settings.links) parts.print(linkLines(context.view.study.definition.name, links))
    },
  }
  const { model } = settings
  if (model === undefined) return [summary]
  const best: Upload = {
    revision,
    size: 200,
    target,
    what: 'the model of the best trial',
    replaces: 'model',
    after,
    async send(parent) {
      await logBestModel({ client: parts.client, context, runs: await runsOf(parent), model, signal: parts.signal })
    },
  }
  return [summary, best]
}
