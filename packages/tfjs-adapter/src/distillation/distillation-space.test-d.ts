import { createStudy, int, minimize, type Params } from '@attune/core'
import { expectTypeOf, it } from 'vitest'
import { distillationSpace } from './distillation-space.ts'

it('merges into a space of one\'s own', async () => {
  const space = { ...distillationSpace({ temperature: [2, 8] }), units: int(4, 64) }
  expectTypeOf<Params<typeof space>>().toEqualTypeOf<{ readonly temperature: number; readonly hardLabelWeight: number; readonly units: number }>()
  const study = await createStudy({ space, objective: minimize('loss') })
  expectTypeOf(study.best.params.temperature).toEqualTypeOf<number>()
  // @ts-expect-error: bounds are pairs.
  distillationSpace({ temperature: 2 })
})
