import { describe, expect, it } from 'vitest'
import { MemoryArtifacts } from '../artifact/memory-artifacts.ts'
import type { StudyEvent } from '../contracts/event.ts'
import type { SamplerFactory } from '../contracts/sampler.ts'
import { InProcessExecutor } from '../executor/in-process-executor.ts'
import { minimize } from '../objective/objectives.ts'
import { random } from '../random/random-sampler.ts'
import { ThreefryRandom } from '../random/threefry.ts'
import { float } from '../space/builders.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { createStudy } from '../study/create-study.ts'
import { VirtualClock } from '../virtual-clock.test-support.ts'
import { composeServices } from './container.ts'
import type { Registry, Token } from './registry.ts'
import { tokens } from './tokens.ts'

const trainer = {
  specVersion: 'v1',
  id: 'test',
  concurrency: 'shared',
  async *train() {
    yield { step: 1, loss: 1, checkpoint: () => Uint8Array.of(1, 2, 3) }
    return { kind: 'bytes', bytes: () => Uint8Array.of(4), as: () => { throw new Error('no other kind') } }
  },
} as const

/** Runs a study with one replaced service, and tells whether the replacement was used. */
async function isUsed(replace: (registry: Registry, used: () => void) => void): Promise<boolean> {
  let count = 0
  const study = await createStudy({ space: { x: float(0, 1) }, objective: minimize('loss'), seed: 1, use: [{ register: (registry) => replace(registry, () => count++) }] })
  await study.optimize(trainer, { trials: 2 })
  await study.close()
  return count > 0
}

describe('every service of a study can be replaced by a module', () => {
  const replacements: { readonly [name in keyof typeof tokens]: (registry: Registry, used: () => void) => void } = {
    clock: (registry, used) => registry.value(tokens.clock, Object.assign(new VirtualClock(), { now: () => (used(), 5) })),
    random: (registry, used) => registry.value(tokens.random, (seed) => (used(), new ThreefryRandom(seed))),
    host: (registry, used) => registry.value(tokens.host, { specVersion: 'v1', get identity() { used(); return 'me' }, isGone: () => false }),
    storage: (registry, used) => registry.factory(tokens.storage, [tokens.clock], (clock) => (used(), new MemoryStorage(clock))),
    artifacts: (registry, used) => registry.value(tokens.artifacts, new (class extends MemoryArtifacts {
      override put(bytes: Uint8Array): string {
        used()
        return super.put(bytes)
      }
    })()),
    executor: (registry, used) => registry.class(tokens.executor, class extends InProcessExecutor {
      override slots(): number {
        used()
        return 1
      }
    }),
    sampler: (registry, used) => registry.value<SamplerFactory>(tokens.sampler, { ...random(), create: (problem) => (used(), random().create(problem)) }),
    pruner: (registry, used) => registry.value(tokens.pruner, { specVersion: 'v1', id: 'test', create: () => ({ judge: () => (used(), 'continue') }) }),
    loggers: (registry, used) => registry.value(tokens.loggers, { specVersion: 'v1', id: 'test', create: () => ({ cursor: 0, log: used, flush() {}, close() {} }) }),
  }

  it.each(Object.entries(replacements))('%s', async (_, replace) => {
    expect(await isUsed(replace)).toBe(true)
  })
})

describe('composeServices', () => {
  const greeting: Token<string> = Symbol.for('@attune/test/greeting')
  const shout: Token<() => string> = Symbol.for('@attune/test/shout')

  it('lets the last registration win, and builds a service once out of others', () => {
    let built = 0
    const services = composeServices([
      { register: (registry) => registry.value(greeting, 'hello') },
      { register: (registry) => registry.factory(shout, [greeting], (text) => (built++, () => `${text}!`)) },
      { register: (registry) => registry.value(greeting, 'good day') },
    ])
    expect([services.get(shout)(), services.get(shout)(), built]).toEqual(['good day!', 'good day!', 1])
  })

  it('says which service is missing', () => {
    expect(() => composeServices([]).get(greeting)).toThrow(/@attune\/test\/greeting/)
  })

  it('gives a study all loggers, and the same events to each', async () => {
    const seen: StudyEvent['type'][][] = [[], []]
    const logger = (i: number): { readonly specVersion: 'v1'; readonly id: string; create(): { cursor: number; log(event: StudyEvent): void; flush(): void; close(): void } } => ({ specVersion: 'v1', id: `logger-${i}`, create: () => ({ cursor: 0, log: (event) => void seen[i]!.push(event.type), flush() {}, close() {} }) })
    const study = await createStudy({ space: { x: float(0, 1) }, seed: 1, loggers: [logger(0)], use: [{ register: (registry) => registry.value(tokens.loggers, logger(1)) }] })
    await study.optimize(() => 1, { trials: 2 })
    expect(seen[0]).toEqual(seen[1])
    expect(seen[0]).toContain('trial.completed')
  })
})
