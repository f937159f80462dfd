import { expectTypeOf, test } from 'vitest'
import { boolean, choice, constant, float, int, oneOf, ordinal, repeat } from './builders.ts'
import { constraint, linear } from './constraint.ts'
import { space } from './space.ts'
import type { Params } from './types.ts'

test('parameters', () => {
  const learningRate = float(1e-4, 1, { scale: 'log' })
  const full = space({
    learningRate,
    units: int(1, 8),
    activation: choice(['relu', 'tanh', 3, null]),
    size: ordinal([8, 16, 32]),
    shuffle: boolean(),
    version: constant('v2'),
    data: { noise: float(0, 1), flip: { horizontal: boolean() } },
    layers: repeat({ units: int(16, 256, { step: 16 }) }, { min: 0, max: 3 }),
    widths: repeat(int(1, 9), { min: 2, max: 2 }),
    optimizer: oneOf({ sgd: { learningRate, momentum: float(0, 0.99) }, adam: { learningRate }, plain: {} }, { weights: { sgd: 2, adam: 1, plain: 1 } }),
    blocks: repeat(oneOf({ conv: { filters: int(1, 9) }, dense: {} }), { min: 1, max: 2 }),
  })
  interface Expected {
    readonly learningRate: number
    readonly units: number
    readonly activation: 'relu' | 'tanh' | 3 | null
    readonly size: 8 | 16 | 32
    readonly shuffle: boolean
    readonly version: 'v2'
    readonly data: { readonly noise: number; readonly flip: { readonly horizontal: boolean } }
    readonly layers: readonly { readonly units: number }[]
    readonly widths: readonly number[]
    readonly optimizer: { readonly type: 'sgd'; readonly learningRate: number; readonly momentum: number } | { readonly type: 'adam'; readonly learningRate: number } | { readonly type: 'plain' }
    readonly blocks: readonly ({ readonly type: 'conv'; readonly filters: number } | { readonly type: 'dense' })[]
  }
  expectTypeOf<Params<typeof full>>().toEqualTypeOf<Expected>()
  expectTypeOf(full.nest({})).toEqualTypeOf<Expected>()
})

test('constraints see nested parameters', () => {
  space({ a: int(1, 4), b: { c: int(1, 4) } }, {
    constraints: [
      constraint('a below c', (params) => {
        expectTypeOf(params).toEqualTypeOf<{ readonly a: number; readonly b: { readonly c: number } }>()
        return params.a - params.b.c
      }),
      linear({ a: 1 }, { atMost: 3 }),
    ],
  })
})
