import { float, space, type Params } from '@attune/core'
import { expectTypeOf, test } from 'vitest'
import type { FreezeSettings } from './freeze-plan.ts'
import { freezeBlocksSpace, freezeRatioSpace } from './freeze-space.ts'

test('ready-made spaces merge into a space of one’s own, and are settings of freeze', () => {
  const merged = space({ ...freezeRatioSpace({ units: 3 }), learningRate: float(1e-4, 1, { scale: 'log' }) })
  interface Expected {
    readonly freezeRatio: number
    readonly rateDecay: number
    readonly unfreezeEvery: 0 | 1 | 2 | 4
    readonly learningRate: number
  }
  expectTypeOf<Params<typeof merged>>().toEqualTypeOf<Expected>()
  expectTypeOf<Params<typeof merged>>().toExtend<FreezeSettings>()

  const blocks = space({ ...freezeBlocksSpace(['stem', 'body']) })
  expectTypeOf<Params<typeof blocks>['freezeThrough']>().toEqualTypeOf<'none' | 'stem' | 'body'>()
  expectTypeOf<Params<typeof blocks>>().toExtend<FreezeSettings>()
})

test('parameters without anything of freeze are refused as its settings', () => {
  // @ts-expect-error: no setting is named so.
  const settings: (params: { readonly ratio: number }) => FreezeSettings = (params) => params
  expectTypeOf(settings).toBeFunction()
})
