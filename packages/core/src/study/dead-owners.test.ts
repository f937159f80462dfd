import { describe, expect, it } from 'vitest'
import { MemoryArtifacts } from '../artifact/memory-artifacts.ts'
import type { Change } from '../contracts/change.ts'
import { VirtualClock } from '../virtual-clock.test-support.ts'
import { never, outcomeOf, pass, SharedStorage, stories, turn, undisturbed, type Around, type Process, type Story } from './whole-study.test-support.ts'

/** Lets a process run until its k-th call of storage or artefact store: the call is not made, or made and not answered, and nothing is heard of it any more. */
async function untilDead(story: Story, process: Process, nth: number, made: boolean): Promise<boolean> {
  let calls = 0
  let dead = false
  const around: Around = (name, call) => {
    if (dead) return never
    if (!name.startsWith('storage.') && !name.startsWith('artifacts.')) return call()
    if (++calls <= nth) return call()
    dead = true
    if (made) call()
    return never
  }
  let over = false
  const dying = { ...process, around }
  const life = (async () => {
    const study = await story.open(dying)
    await story.run(study, dying)
    await study.close()
  })()
  const settled = (): void => {
    over = true
  }
  life.then(settled, settled)
  while (!dead && !over) {
    for (let i = 0; i < 3; i++) await turn()
    if (!dead) process.clock.advance(50)
  }
  return over
}

/** Requeues of attempts that their owner did not end itself. */
const losses = (changes: readonly Change[]): readonly string[] => changes.flatMap(({ body }) => (body.type === 'requeue' ? [`${body.number}`] : []))

/** A process dies at its k-th call, and another one finishes the study. Answers what is wrong with that. */
async function wrongAfterDeath(story: Story, whole: Awaited<ReturnType<typeof undisturbed>>, nth: number, made: boolean, open: (clock: VirtualClock) => SharedStorage = (clock) => new SharedStorage(clock)): Promise<readonly string[]> {
  const clock = new VirtualClock()
  const [storage, artifacts] = [open(clock), new MemoryArtifacts()]
  await untilDead(story, { clock: new VirtualClock(), storage, artifacts, identity: 'dead' }, nth, made)
  const { counts: { running }, revision } = storage.listStudies()[0] ?? { counts: { running: 0 }, revision: 0 }
  const process: Process = { clock, storage, artifacts, identity: 'second', gone: ['dead'] }
  const study = await pass(clock, story.open(process))
  const { reason } = await pass(clock, story.run(study, process))
  const changes = storage.changesSince(study.summary.id, 0, 10_000)
  const requeued = losses(changes.filter((change) => change.revision > revision))
  const ends = changes.filter(({ body }) => (body.type === 'finish' && body.requeue !== true) || (body.type === 'create' && body.outcome !== undefined))
  await pass(clock, study.close())
  const problems = [...story.problems(study)]
  if (reason !== whole.reason) problems.push(`The run ended because ${reason}.`)
  if (JSON.stringify(outcomeOf(study)) !== JSON.stringify(whole.outcome)) problems.push(`The study came to ${JSON.stringify(outcomeOf(study))}`)
  if (requeued.length !== running || new Set(requeued).size !== running) problems.push(`${running} trials ran, and ${requeued.join(', ')} were put back.`)
  if (ends.length !== study.trials().length) problems.push(`${study.trials().length} trials have ${ends.length} ends.`)
  if (clock.pending > 0) problems.push(`${clock.pending} timers are left.`)
  return problems.map((problem) => `Death ${made ? 'after' : 'before'} call ${nth}: ${problem}`)
}

for (const story of stories) {
  describe(`a process that dies in ${story.name}`, async () => {
    const whole = await undisturbed(story)
    const calls = whole.calls.filter((name) => name.startsWith('storage.') || name.startsWith('artifacts.')).length

    it.each([['before', false], ['right after', true]] as const)(`P5: whatever call of its storage it dies %s, another process finishes the study; what ran is put back once, and each result is there once (${story.name})`, async (_, made) => {
      for (let nth = 0; nth < calls; nth++) expect(await wrongAfterDeath(story, whole, nth, made)).toEqual([])
    })
  })
}

describe('a storage that is broken', async () => {
  const story = stories[0]!
  const whole = await undisturbed(story)

  it('P5, broken twin: a storage that puts a trial back a second time is found out', async () => {
    class Twice extends SharedStorage {
      #swept = false
      override write(...[id, request]: Parameters<SharedStorage['write']>): ReturnType<SharedStorage['write']> {
        const result = super.write(id, request)
        if (!result.ok || this.#swept || request.operations[0]?.type !== 'claim') return result
        // A second worker sweeps by what it had read before the claim, not by what is so now.
        const again = super.write(id, { id: `${request.id} again`, operations: [{ type: 'sweep', gone: ['second'] }] })
        this.#swept = again.ok && again.changes.length > 0
        return result
      }
    }
    expect(await wrongAfterDeath(story, whole, 20, true, (clock) => new Twice(clock))).not.toEqual([])
  })

  it('P5, broken twin: a storage that says a trial is lost, and puts it back in a second write, is found out', async () => {
    class TwoWrites extends SharedStorage {
      override write(...[id, request]: Parameters<SharedStorage['write']>): ReturnType<SharedStorage['write']> {
        const [operation] = request.operations
        if (operation?.type !== 'finish' || operation.requeue !== true) return super.write(id, request)
        const { requeue: _, ...end } = operation
        return super.write(id, { id: request.id, operations: [end] }) // It dies before the second one.
      }
    }
    expect(await wrongAfterDeath(story, whole, 20, true, (clock) => new TwoWrites(clock))).not.toEqual([])
  })
})
