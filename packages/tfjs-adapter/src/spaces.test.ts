import { constant, float, int, space, type SpaceNode } from '@attune/core'
import * as tf from '@tensorflow/tfjs'
import { describe, expect, it } from 'vitest'
import { createStepOptimizer } from './optimizers/create-step-optimizer.ts'
import { optimizerSpace } from './optimizers/optimizer-space.ts'
import { createSchedule } from './schedules/create-schedule.ts'
import { scheduleSpace } from './schedules/schedule-space.ts'

/** Corners and middles of every branch. */
function points<P>({ node, of }: { node: SpaceNode; of: 'optimizer' | 'schedule' }): P[] {
  const built = space({ [of]: node })
  return Array.from({ length: 400 }, (_, index) => built.nest(built.decode(Float64Array.from(built.dimensions, (_dimension, position) => ((index * (position + 1) * 0.618034) % 1) * (1 - 1e-9)))) as { readonly [name: string]: P }).map((params) => params[of] as P)
}

describe('optimizerSpace', () => {
  it('draws specs of every optimiser', () => {
    const seen = new Set<string>()
    for (const spec of points<Parameters<typeof createStepOptimizer>[1] & { readonly type: string }>({ node: optimizerSpace().optimizer, of: 'optimizer' })) {
      createStepOptimizer(tf, spec).dispose()
      seen.add(spec.type)
    }
    expect([...seen].toSorted()).toEqual(['adagrad', 'adam', 'adamax', 'adamw', 'lamb', 'lion', 'momentum', 'nesterov', 'rmsprop', 'sgd'])
  })

  it('has a rate for each, or one for all', () => {
    const rates = (options: Parameters<typeof optimizerSpace>[0]): string[] => space({ ...optimizerSpace(options) }).dimensions.map(({ path }) => path).filter((path) => path.includes('learningRate'))
    expect(rates({ optimizers: ['sgd', 'adam'] })).toHaveLength(2)
    expect(rates({ optimizers: ['sgd', 'adam'], learningRate: float(1e-4, 0.1) })).toHaveLength(1)
  })

  it('knows what it has', () => {
    expect(() => optimizerSpace({ optimizers: ['adagard' as 'adagrad'] })).toThrow(/optimizerSpace: "adagard" is not one of sgd, momentum, /)
    expect(() => scheduleSpace({ schedules: [] })).toThrow(/scheduleSpace: an empty list leaves nothing to search/)
  })

  it('is merged into a space of one’s own', () => {
    const merged = space({ ...optimizerSpace({ optimizers: ['lion'] }), ...scheduleSpace({ schedules: ['cosine'], warmup: constant(0) }), units: int(1, 8) })
    expect(merged.nest(merged.decode(new Float64Array(merged.dimensions.length).fill(0.5)))).toMatchObject({ optimizer: { type: 'lion' }, schedule: { type: 'cosine', warmup: { share: 0 } } })
  })
})

describe('scheduleSpace', () => {
  it('draws specs of every schedule', () => {
    const seen = new Set<string>()
    for (const spec of points<Parameters<typeof createSchedule>[0]>({ node: scheduleSpace().schedule, of: 'schedule' })) {
      expect(createSchedule(spec, 0.1, { stepsPerEpoch: 10, epochs: 3 }).rateAt({ step: 7, epoch: 0 })).toBeGreaterThan(0)
      seen.add(spec.type)
    }
    expect([...seen].toSorted()).toEqual(['constant', 'cosine', 'cosineRestarts', 'exponential', 'oneCycle', 'plateau', 'polynomial', 'step'])
  })

  it('has one warm-up for all', () => {
    expect(space({ ...scheduleSpace() }).dimensions.filter(({ path }) => path.includes('warmup'))).toHaveLength(1)
  })
})
