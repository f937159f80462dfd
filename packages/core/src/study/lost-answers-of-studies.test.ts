import { describe, expect, it } from 'vitest'
import { MemoryArtifacts } from '../artifact/memory-artifacts.ts'
import type { StudyEvent } from '../contracts/event.ts'
import { VirtualClock } from '../virtual-clock.test-support.ts'
import { outcomeOf, pass, SharedStorage, stories, undisturbed, type Around, type Process, type Story } from './whole-study.test-support.ts'

/** Calls that are repeated where no answer came. */
const repeated = ['storage.createStudy', 'storage.findStudy', 'storage.write', 'storage.changesSince']

interface Run {
  readonly outcome: readonly object[]
  readonly events: readonly string[]
  readonly reason: string
  /** Calls that are repeated. */
  readonly calls: number
}

/** Runs a story while answers are lost: the calls take effect, and their caller hears of a connection that was reset. */
async function runLosing(story: Story, lost: (call: number) => boolean, open: (clock: VirtualClock) => SharedStorage = (clock) => new SharedStorage(clock)): Promise<Run> {
  const clock = new VirtualClock()
  const events: StudyEvent[] = []
  let calls = 0
  const around: Around = (name, call) => {
    const answer = call()
    if (repeated.includes(name) && lost(calls++)) throw new Error('connection reset')
    return answer
  }
  const process: Process = { clock, storage: open(clock), artifacts: new MemoryArtifacts(), identity: 'only', around, events: (event) => void events.push(event) }
  const study = await pass(clock, story.open(process))
  const { reason } = await pass(clock, story.run(study, process, { concurrency: 1 }))
  await pass(clock, study.close())
  expect(clock.pending).toBe(0)
  return { outcome: outcomeOf(study), events: events.map(({ revision, type }) => `${revision} ${type}`), reason, calls }
}

for (const story of stories) {
  describe(`answers that are lost, in ${story.name}`, async () => {
    const whole = await runLosing(story, () => false)

    it.each([1, 2])(`P7: an answer that is lost after its effect doubles nothing, whichever call of the storage it was, %i time(s) in a row (${story.name})`, async (times) => {
      for (let nth = 0; nth < whole.calls; nth++) {
        const { outcome, events, reason } = await runLosing(story, (call) => call >= nth && call < nth + times)
        expect([nth, reason, outcome]).toEqual([nth, whole.reason, whole.outcome])
        expect([nth, events]).toEqual([nth, whole.events])
      }
    })

    it(`P7: every other answer may be lost (${story.name})`, async () => {
      const { outcome, events } = await runLosing(story, (call) => call % 2 === 0)
      expect([outcome, events]).toEqual([whole.outcome, whole.events])
    })
  })
}

it('P7, broken twin: a storage that forgets which requests it has seen is found out', async () => {
  class Forgetful extends SharedStorage {
    #count = 0
    override write(...[id, request]: Parameters<SharedStorage['write']>): ReturnType<SharedStorage['write']> {
      return super.write(id, { ...request, id: String(this.#count++) })
    }
  }
  const story = stories[0]!
  const whole = await undisturbed(story)
  const wrong: number[] = []
  for (let nth = 0; nth < 40; nth++) {
    const run = await runLosing(story, (call) => call === nth, (clock) => new Forgetful(clock)).catch(() => undefined)
    if (JSON.stringify(run?.outcome) !== JSON.stringify(whole.outcome)) wrong.push(nth)
  }
  expect(wrong).not.toEqual([])
})
