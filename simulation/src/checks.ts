import { createHash } from 'node:crypto'
import { encodeJson, loadStudy, MemoryStorage, type ArtifactStore, type Change, type Json, type Storage, type Study, type StudyDefinition, type TrialRecord } from '@attune/core'
import type { Oracle } from './oracle.ts'
import type { Scenario } from './scenario.ts'
import type { SharedTracker } from './shared-tracker.ts'
import type { Tracker } from './tracker.ts'
import type { World } from './world.ts'

/** What a process knew of the trials when it left. */
export interface View {
  readonly name: string
  readonly revision: number
  readonly text: string
}

/** What a run has left behind. */
export interface Findings {
  readonly world: World
  readonly oracle: Oracle
  readonly scenario: Scenario
  /** The store on a disk where nothing fails any more. */
  readonly artifacts: ArtifactStore
  /** Hashes of what the run has damaged itself. */
  readonly damaged: ReadonlySet<string>
  /** With the revision that each must have come to. */
  readonly trackers: ReadonlyMap<Tracker, number>
  readonly shared: { readonly tracker: SharedTracker; readonly least: number }
  readonly views: readonly View[]
  readonly askedByHand: number
}

export function textOf(trials: readonly TrialRecord[]): string {
  return encodeJson(JSON.parse(JSON.stringify(trials)) as Json)
}

/** All that the history refers to must be there, byte for byte. */
export async function checkArtifacts({ world, oracle, artifacts, damaged }: Findings): Promise<void> {
  const wanted = new Map<string, string>()
  for (const { body } of oracle.log) {
    if (body.type === 'artifact') {
      if (body.artifact === null) wanted.delete(`${body.name} of ${body.number}`)
      else wanted.set(`${body.name} of ${body.number}`, body.artifact.hash)
    }
    if (body.type === 'checkpoint') {
      const known = oracle.trial(body.number)
      // Nobody goes on from a trial that has ended, but for forks, which look first.
      if (body.artifact !== null && known?.checkpoint === body.step && ['waiting', 'running', 'paused'].includes(known.state)) wanted.set(`checkpoint of ${body.number}`, body.artifact.hash)
      else wanted.delete(`checkpoint of ${body.number}`)
    }
  }
  for (const [what, hash] of wanted) {
    if (damaged.has(hash)) continue
    const bytes = await artifacts.get(hash)
    if (bytes === undefined || createHash('sha256').update(bytes).digest('hex') !== hash) world.violated('P14', `the ${what} is referred to, and ${bytes === undefined ? 'absent' : 'not whole'}`)
  }
}

/** After the last process has ended: reads everything back. */
export async function readBack(findings: Findings, storage: Storage): Promise<void> {
  const { world, oracle, scenario, askedByHand } = findings
  const { goal, byHand } = scenario
  const study = await loadStudy({ storage, name: 'simulated' })
  const stored: Change[] = []
  for (;;) {
    const page = await storage.changesSince(study.summary.id, stored.length, 7)
    if (page.length === 0) break
    stored.push(...page)
  }
  oracle.compare(stored)
  const { counts } = study
  const there = counts.complete + counts.pruned + counts.paused
  if (there < goal || (byHand === 0 && there !== goal) || there > goal + askedByHand) world.violated('budget', `${there} complete, pruned and paused trials, ${goal} were wanted, ${askedByHand} asked for by hand`)
  if (byHand === 0 && counts.running + counts.waiting > 0) world.violated('P5', `${counts.running} trials run and ${counts.waiting} wait, and nobody is there`)
  for (const { number, reports, state } of study.trials()) {
    const known = oracle.trial(number)
    const steps = reports.map(({ step }) => step)
    if (known === undefined || known.state !== state || encodeJson(known.steps) !== encodeJson(steps)) world.violated('P2', `trial ${number} is ${state} with the steps ${steps.join(' ')}, and should be ${known?.state} with ${known?.steps.join(' ')}`)
  }
  await checkViews(findings, study.definition, stored)
  await checkTrackers(findings, study)
  if (scenario.artifacts) await checkArtifacts(findings)
  await study.close()
}

/** What each process knew when it left is what the log says up to there. */
async function checkViews({ world, views }: Findings, definition: StudyDefinition, stored: readonly Change[]): Promise<void> {
  for (const { name, revision, text } of views) {
    const summary = new MemoryStorage(world.clock).createStudy(definition, 'copy')!
    const part: Pick<Storage, 'specVersion' | 'persistent' | 'findStudy' | 'changesSince' | 'close'> = {
      specVersion: 'v1',
      persistent: true,
      findStudy: () => summary,
      changesSince: (_id, after, limit = 1000) => stored.slice(after, Math.min(revision, after + limit)),
      close: () => undefined,
    }
    const replayed = await loadStudy({ storage: part as Storage, name: definition.name })
    if (textOf(replayed.trials()) !== text) world.violated('P2', `${name} knew another history at revision ${revision} than the log tells`)
    await replayed.close()
  }
}

/** Each tracker was given every event once, in order, at least up to where the history was when it was last told of. The shared one, that knows what it has, every event at least once. */
async function checkTrackers({ world, oracle, trackers, shared }: Findings, study: Study): Promise<void> {
  const events: { readonly revision: number; readonly key: string }[] = []
  for await (const { revision, type } of study.events()) events.push({ revision, key: `${revision} ${type}` })
  // An event whose call fails three times, or outlasts its deadlines, is given up: the history says so.
  const toldOfLoss = oracle.log.some(({ body }) => body.type === 'warn' && body.message.startsWith('Logger tracker has lost'))
  for (const [tracker, least] of trackers) {
    // What follows its last whole revision is sent at the next start.
    const expected = events.filter(({ revision }) => revision <= Math.max(least, tracker.cursor)).map(({ key }) => key)
    const at = expected.findIndex((key, j) => key !== tracker.kept[j])
    if (at >= 0 && !toldOfLoss) world.violated('P13', `a tracker has ${tracker.kept[at] ?? 'nothing'} where ${expected[at]} happened`)
  }
  const missing = events.find(({ revision, key }) => revision <= Math.max(shared.least, shared.tracker.cursor) && !shared.tracker.kept.has(key))
  if (missing !== undefined) world.violated('P13', `the shared tracker, to which ${shared.tracker.writers.size} processes wrote, has not ${missing.key}`)
}
