import { describe, expect, it } from 'vitest'
import { MemoryArtifacts } from '../artifact/memory-artifacts.ts'
import { VirtualClock } from '../virtual-clock.test-support.ts'
import { outcomeOf, pass, SharedStorage, stories, undisturbed, type Around, type Process, type Story } from './whole-study.test-support.ts'

interface Poisoned {
  /** What `optimize` rejected with. */
  readonly error: string | undefined
  readonly warnings: readonly string[]
  readonly reached: boolean
  readonly again: readonly object[]
  readonly problems: readonly string[]
  readonly lostResults: number
  readonly timers: number
}

/** Runs a story in which the k-th call of one part throws; opens it again and runs it to its end. */
async function poisoned(story: Story, part: string, nth: number, forEver = false): Promise<Poisoned> {
  const clock = new VirtualClock()
  const [storage, artifacts] = [new SharedStorage(clock), new MemoryArtifacts({ clock })]
  let calls = 0
  const around: Around = (name, call) => {
    if (name !== part) return call()
    const mine = calls++
    if (mine === nth || (forEver && mine > nth)) throw new Error('poison')
    return call()
  }
  const process: Process = { clock, storage, artifacts, identity: 'first', around, events: () => undefined }
  const warnings: string[] = []
  const study = await pass(clock, story.open(process))
  const off = study.on((event) => {
    if (event.type === 'warning') warnings.push(event.message)
  })
  let error: string | undefined
  await pass(clock, story.run(study, process)).catch((thrown: unknown) => {
    error = (thrown as Error).message
  })
  off()
  const results = outcomeOf(study).filter((trial) => 'state' in trial && trial.state === 'complete').length
  await pass(clock, study.close()).catch((thrown: unknown) => {
    error ??= (thrown as Error).message
  })
  const timers = clock.pending
  const second: Process = { clock, storage, artifacts, identity: 'second', gone: ['first'] }
  const again = await pass(clock, story.open(second))
  const kept = outcomeOf(again).filter((trial) => 'state' in trial && trial.state === 'complete').length
  await pass(clock, story.run(again, second))
  await pass(clock, again.close())
  return { error, warnings, reached: calls > nth, again: outcomeOf(again), problems: story.problems(again), lostResults: results - kept, timers }
}

/** Parts whose error ends one attempt, or nothing. */
const harmless = ['artifacts.put', 'artifacts.get', 'artifacts.release', 'artifacts.delete', 'evaluator.evaluate', 'execution.end', 'trainer.step', 'trainer.release']

for (const story of stories) {
  describe(`a part that throws, in ${story.name}`, async () => {
    const whole = await undisturbed(story)
    const parts = [...new Set(whole.calls)].filter((name) => harmless.includes(name))

    it.each(parts)(`P17: %s that throws once, at any of its calls, costs an attempt at most: the study ends as it would have (${story.name})`, async (part) => {
      let reached = 0
      for (let nth = 0; ; nth++) {
        const { error, problems, again, lostResults, timers, reached: more } = await poisoned(story, part, nth)
        if (!more) break
        reached++
        expect([nth, error, problems, lostResults, timers]).toEqual([nth, undefined, [], 0, 0])
        // Where it was the trial's second failure, another trial may have been run in its place.
        const failed = again.filter((trial) => 'state' in trial && trial.state === 'failed').length
        expect([nth, failed <= 1, again.length >= whole.outcome.length, again.length <= whole.outcome.length + failed]).toEqual([nth, true, true, true])
        if (!part.startsWith('artifacts.') && part !== 'trainer.step' && part !== 'evaluator.evaluate') expect([nth, again]).toEqual([nth, whole.outcome])
      }
      expect(reached).toBeGreaterThan(0)
    })

    it(`P17: a sampler that throws ends the run with its error, nothing is lost, and the next run goes on (${story.name})`, async () => {
      for (let nth = 0; ; nth++) {
        const { error, problems, again, lostResults, timers, reached } = await poisoned(story, 'sampler.suggest', nth)
        if (!reached) break
        expect([nth, error, problems, lostResults, timers]).toEqual([nth, 'poison', [], 0, 0])
        expect([nth, again]).toEqual([nth, whole.outcome])
      }
    })

    it.each(['pruner.judge', 'pruner.next'].filter((name) => whole.calls.includes(name)))(`P17: %s that throws once, or always, takes no trial down and is told (${story.name})`, async (part) => {
      for (const forEver of [false, true]) {
        for (let nth = 0; nth < 40; nth += 3) {
          const { error, problems, warnings, lostResults, timers, reached } = await poisoned(story, part, nth, forEver)
          if (!reached) break
          expect([nth, error, problems, lostResults, timers]).toEqual([nth, undefined, [], 0, 0])
          expect(warnings).toContain('The pruner has failed, so trials go on where it cannot judge them: poison')
        }
      }
    })

    it(`P17: a store of artefacts that fails for good costs the checkpoints, no trial (${story.name})`, async () => {
      for (const part of ['artifacts.put', 'artifacts.get'].filter((name) => whole.calls.includes(name))) {
        const { error, problems, lostResults, timers } = await poisoned(story, part, 0, true)
        expect([part, error, problems, lostResults, timers]).toEqual([part, undefined, [], 0, 0])
      }
    })
  })
}

it('P17: a listener that throws at every event disturbs nobody', async () => {
  const story = stories[0]!
  const clock = new VirtualClock()
  const process: Process = { clock, storage: new SharedStorage(clock), artifacts: new MemoryArtifacts(), identity: 'only' }
  const study = await pass(clock, story.open(process))
  const warnings: string[] = []
  study.on(() => {
    throw new Error('poison')
  })
  study.on((event) => event.type === 'warning' && warnings.push(event.message))
  await pass(clock, story.run(study, process))
  expect(outcomeOf(study)).toEqual((await undisturbed(story)).outcome)
  expect(warnings).toEqual(['A listener of events has failed, the study goes on: poison'])
  await pass(clock, study.close())
})

it('P17, broken twin: a study that ends with the first trial that fails is found out', async () => {
  const story = stories[0]!
  // Trial 2 fails on purpose, whatever is poisoned.
  const fragile: Story = { ...story, run: async (study, process, options) => {
    let ended: number | undefined
    const off = study.on((event) => {
      if (process.identity !== 'first' || event.type !== 'trial.requeued' || event.trial.number === 2) return
      ended ??= event.trial.number
      study.stop()
    })
    const result = await story.run(study, process, options)
    off()
    if (ended !== undefined) throw new Error(`Trial ${ended} has failed.`)
    return result
  } }
  const verdictOf = async (of: Story): Promise<readonly unknown[]> => {
    const { error, problems, lostResults, timers } = await poisoned(of, 'trainer.step', 1)
    return [error, problems, lostResults, timers]
  }
  expect(await verdictOf(story)).toEqual([undefined, [], 0, 0])
  expect(await verdictOf(fragile)).toEqual(['Trial 1 has failed.', [], 0, 0])
})
