import { constant, float, int, space, type Params, type Trainer } from '@attune/core'
import { expectTypeOf, test } from 'vitest'
import { optimizerSpace } from './optimizers/optimizer-space.ts'
import type { OptimizerSpec } from './optimizers/optimizer-spec.ts'
import { rateRangeTest, type RateRange, type RateSweep } from './schedules/rate-range-test.ts'
import { scheduleSpace } from './schedules/schedule-space.ts'
import type { ScheduleSpec } from './schedules/schedule-spec.ts'

test('what is drawn is a spec', () => {
  const full = space({ ...optimizerSpace(), ...scheduleSpace(), units: int(1, 8) })
  type Drawn = Params<typeof full>
  expectTypeOf<Drawn['optimizer']>().toExtend<OptimizerSpec>()
  expectTypeOf<Drawn['schedule']>().toExtend<ScheduleSpec>()
  expectTypeOf<Drawn['optimizer']['type']>().toEqualTypeOf<OptimizerSpec['type']>()
  expectTypeOf<Drawn['schedule']['type']>().toEqualTypeOf<Exclude<ScheduleSpec['type'], 'sweep'>>()
  expectTypeOf<Drawn['units']>().toEqualTypeOf<number>()
})

test('only what was chosen', () => {
  const learningRate = float(1e-4, 0.1, { scale: 'log' })
  const few = space({ ...optimizerSpace({ optimizers: ['sgd', 'adamw'], learningRate }), ...scheduleSpace({ schedules: ['step', 'oneCycle'], warmup: constant(0) }) })
  expectTypeOf<Params<typeof few>>().toEqualTypeOf<{
    readonly optimizer: { readonly type: 'sgd'; readonly learningRate: number } | { readonly type: 'adamw'; readonly learningRate: number; readonly weightDecay: number }
    readonly schedule:
      | { readonly type: 'step'; readonly factor: number; readonly every: { readonly share: number }; readonly warmup: { readonly share: number } }
      | { readonly type: 'oneCycle'; readonly peakAt: number }
  }>()
  // @ts-expect-error there is no such optimiser
  optimizerSpace({ optimizers: ['adagard'] })
  // @ts-expect-error there is no such schedule
  scheduleSpace({ schedules: ['cosin'] })
})

test('a range test is made for the parameters of its trainer', () => {
  const make = (_sweep: RateSweep): Trainer<{ readonly units: number }> => ({}) as Trainer<{ readonly units: number }>
  expectTypeOf(rateRangeTest(make, { params: { units: 8 } })).resolves.toEqualTypeOf<RateRange>()
  // @ts-expect-error units are a number
  void rateRangeTest(make, { params: { units: 'eight' } })
})

test('settings of another optimiser are an error at the setting', () => {
  expectTypeOf<{ type: 'adamw'; learningRate: number; weightDecay: number; decayAll: boolean }>().toExtend<OptimizerSpec>()
  expectTypeOf<{ type: 'rmsprop'; learningRate: number; rho: number; l2: number }>().toExtend<OptimizerSpec>()
  // @ts-expect-error lion has no epsilon
  const lion: OptimizerSpec = { type: 'lion', learningRate: 1, epsilon: 1 }
  // @ts-expect-error every optimiser has a rate
  const rateless: OptimizerSpec = { type: 'adam' }
  // @ts-expect-error a stretch has one unit
  const stretch: ScheduleSpec = { type: 'step', every: { weeks: 1 } }
  // @ts-expect-error one cycle begins with its own rise
  const cycle: ScheduleSpec = { type: 'oneCycle', warmup: { steps: 1 } }
  expectTypeOf([lion, rateless, stretch, cycle]).toBeArray()
})
