import { createStudy, float, type Trainer } from '@attune/core'
import { expectTypeOf, test } from 'vitest'
import { fromModule } from './from-module.ts'
import type { callback, descent, trainer } from './trainings.test-support.ts'

test('fromModule knows the parameters of what is exported', () => {
  expectTypeOf(fromModule<typeof descent>('./train.js')).toEqualTypeOf<Trainer<{ readonly x: number }>>()
  expectTypeOf(fromModule<typeof callback>('./train.js')).toExtend<Trainer<{ readonly x: number }>>()
  expectTypeOf(fromModule<typeof trainer>('./train.js')).toExtend<Trainer<{ readonly x: number }>>()
  expectTypeOf(fromModule<{ readonly y: string }>('./train.js')).toEqualTypeOf<Trainer<{ readonly y: string }>>()
  expectTypeOf(fromModule('./train.js')).toEqualTypeOf<Trainer>()
})

test('a study takes a trainer of its parameters, and no other', async () => {
  const study = await createStudy({ space: { x: float(0, 1) } })
  await study.optimize(fromModule<typeof descent>('./train.js'), { trials: 1 })
  await study.optimize(fromModule('./train.js'), { trials: 1 })
  // @ts-expect-error -- the study has no parameter y
  await study.optimize(fromModule<{ readonly y: string }>('./train.js'), { trials: 1 })
})
