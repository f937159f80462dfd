import { describe, expect, it } from 'vitest'
import { MemoryArtifacts } from '../artifact/memory-artifacts.ts'
import type { SamplerFactory } from '../contracts/sampler.ts'
import { choice, float, int, oneOf } from '../space/builders.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { systemClock } from '../system.ts'
import { createStudy } from './create-study.ts'

const space = { x: float(-5, 5), kind: oneOf({ a: { depth: int(1, 4) }, b: {} }), flag: choice(['on', 'off']) }

/** A sampler whose answers depend on everything it may depend on: its stream, the history and what it observed. */
const entangled: SamplerFactory = {
  specVersion: 'v1',
  id: 'entangled',
  revision: 1,
  create(problem) {
    let sum = 0
    return {
      observe: (trial) => {
        sum = (sum * 31 + trial.number + (trial.value ?? 0) * 1000) % 1000
      },
      suggest: ({ random }) => {
        const best = problem.history.best
        for (let i = 0; i < Math.abs(Math.round(sum)) % 7; i++) random.uniform()
        return { params: problem.space.sample(random), note: [sum, best, problem.history.completeCount] }
      },
    }
  },
}

async function run(parts: readonly number[], sampler: SamplerFactory | undefined): Promise<unknown> {
  const storage = new MemoryStorage(systemClock)
  let trials: unknown
  for (const part of parts) {
    const study = await createStudy({ storage, space, seed: 5, ifExists: 'resume', ...(sampler === undefined ? {} : { sampler }) })
    await study.optimize(({ params, number }) => {
      if (number % 5 === 3) throw new Error(`fails at ${number}`)
      return params.x ** 2
    }, { trials: part })
    trials = study.trials().map(({ number, flatParams, state, suggestion }) => [number, flatParams, state, suggestion?.note])
    await study.close()
  }
  return trials
}

describe('a study that is interrupted and resumed', () => {
  it.each([['random', undefined], ['a sampler with state', entangled]])('P10: an interrupted study suggests the same as one that ran through, whatever the point of the interruption (%s)', async (_, sampler) => {
    const whole = await run([12], sampler)
    for (let k = 0; k <= 12; k++) expect(await run([k, 12], sampler)).toEqual(whole)
  })

  it('P10: one seed draws the same parameters for ever', async () => {
    const study = await createStudy({ space, seed: 5 })
    const drawn = []
    for (let i = 0; i < 3; i++) drawn.push((await study.ask()).flatParams)
    expect(drawn).toMatchInlineSnapshot(`
      [
        {
          "flag": "on",
          "kind.type": "b",
          "x": 2.632042411611061,
        },
        {
          "flag": "off",
          "kind.a.depth": 4,
          "kind.type": "a",
          "x": 4.304016239999745,
        },
        {
          "flag": "on",
          "kind.type": "b",
          "x": -3.2452971139750106,
        },
      ]
    `)
  })
})

describe('events that are read back', () => {
  it('have trials whose artefacts can be read, as they have when they are told', async () => {
    const study = await createStudy({ space, seed: 5, artifacts: new MemoryArtifacts() })
    await study.setArtifact('notes', Uint8Array.of(1, 2), { trial: (await study.ask()).number })
    for await (const event of study.events()) if (event.type === 'trial.started') expect(await event.trial.artifact('notes')).toBeUndefined()
    await study.tell(0, 1)
    const read = []
    for await (const event of study.events()) if (event.type === 'trial.completed') read.push((await event.trial.artifact('notes'))?.bytes)
    expect(read).toEqual([Uint8Array.of(1, 2)])
  })
})
