import type { LoggerContext } from '@attune/core'
import { logBestModel } from './content/best-model.ts'
import { linkLines, mostCompared, type StudyLinks } from './content/links.ts'
import { searchState } from './content/shared-view.ts'
import { noteWrites, tableWrites } from './content/summary.ts'
import { kindOf } from './failures.ts'
import { lateStates } from './late-states.ts'
import { mergeWrites } from './merge-writes.ts'
import type { Settings } from './options.ts'
import { RunWriter, type LaneParts } from './run-lane.ts'
import { artifactUpload, type Upload } from './upload-lane.ts'
import type { RunIds } from './writes.ts'

const target = { kind: 'study' } as const

/** Where a study can be watched, as soon as it runs. */
export function studyBegin(parts: LaneParts, context: LoggerContext, revision: number): Upload {
  return {
    revision,
    size: 200,
    target,
    what: 'the note of the study',
    replaces: 'note',
    async send(parent) {
      await note(parts, context, parent, undefined)
    },
  }
}

/** What a study leaves when a run of it ends: its summary and tables, with links to where it is seen, and its best model. */
export function studyEnd(parts: LaneParts, settings: Settings, context: LoggerContext, revision: number, stopped: string | undefined): readonly Upload[] {
  // What is written at the end speaks of everything before, and links to it.
  const after = revision - 1
  const summary: Upload = {
    revision,
    size: 200,
    target,
    what: 'the summary of the study',
    replaces: 'summary',
    after,
    async send(parent) {
      const links = await note(parts, context, parent, { reason: stopped })
      if (settings.links) parts.print(linkLines(context.view.study.definition.name, links))
    },
  }
  // Apart from the summary: a server without a store for artefacts has a note and links all the same.
  const tables: Upload = {
    revision,
    size: 200,
    target,
    what: 'the tables of the study',
    replaces: 'tables',
    after,
    async send(parent) {
      for (const artifact of tableWrites(context)) await artifactUpload(parts, target, revision, 0, artifact).send(parent)
    },
  }
  const { model } = settings
  const states = lateStates(parts, settings, context, revision)
  if (model === undefined) return [states, summary, tables]
  const best: Upload = {
    revision,
    size: 200,
    target,
    what: 'the model of the best trial',
    replaces: 'model',
    after,
    async send(parent) {
      await logBestModel({ client: parts.client, context, runs: await runsOf(parts, parent), model, signal: parts.signal })
    },
  }
  return [states, summary, tables, best]
}

async function note(parts: LaneParts, context: LoggerContext, parent: string, end: { readonly reason: string | undefined } | undefined): Promise<StudyLinks> {
  const runs = end === undefined ? await runsOf(parts, parent) : await withBest(parts, await runsOf(parts, parent), context)
  const share = (tag: string, value: string): Promise<boolean> => parts.client.experiments.setTags(runs.experimentId, { [tag]: value }, { signal: parts.signal }).then(
    () => true,
    (error: unknown) => {
      if (kindOf(error) === 'later') throw error
      return false // Who may write runs may not write experiments everywhere; links do without.
    },
  )
  const { tags: before } = await parts.client.runs.get(parent, { signal: parts.signal })
  const { tags, links } = await noteWrites(context, runs, end, share, before['mlflow.note.content'])
  await new RunWriter(parts, target, parent).write(mergeWrites([{ tags }]))
  return links
}

async function runsOf(parts: LaneParts, parent: string): Promise<RunIds> {
  const { experimentId } = await parts.runs.open()
  return { trackingUri: parts.client.trackingUri, experimentId, parent, trial: (number) => parts.runs.ofTrial(number) }
}

/** The runs of the best trials at once: another process may have made them, and asking for each takes long. */
async function withBest({ client, signal }: LaneParts, runs: RunIds, { study }: LoggerContext): Promise<RunIds> {
  const { searchFilter, orderByKey, orderByAsc } = searchState(runs.parent, study.definition.objectives)
  const known = new Map<number, string>()
  for await (const { runId, tags } of client.runs.search([runs.experimentId], { filter: searchFilter, orderBy: [`${orderByKey} ${orderByAsc ? 'ASC' : 'DESC'}`], pageSize: mostCompared, signal })) {
    known.set(Number(tags['number']), runId)
    if (known.size >= mostCompared) break
  }
  return { ...runs, trial: async (number) => known.get(number) ?? runs.trial(number) }
}
