import { expectTypeOf, test } from 'vitest'
import { maximize } from '../../objective/objectives.ts'
import { choice, float } from '../../space/builders.ts'
import { space } from '../../space/space.ts'
import { createStudy } from '../create-study.ts'

test('corrections', async () => {
  const study = await createStudy({ space: { x: float(0, 1) }, objective: maximize('score'), metrics: ['score', 'test'] })
  await study.edit(0, { metrics: { score: 1 } }, 'why', { by: 'Ada' })
  // @ts-expect-error A metric that was not declared.
  await study.edit(0, { metrics: { scor: 1 } }, 'why')
  // @ts-expect-error An edit needs a note.
  await study.edit(0, { metrics: { score: 1 } })
  // @ts-expect-error A metric that was not declared.
  await study.addMetrics(0, { tset: 1 })
  // @ts-expect-error A void needs a reason.
  await study.void(0)

  const wider = await study.extendSpace({ x: float(0, 2), kind: choice(['a', 'b']) }, { values: { kind: 'a' } })
  expectTypeOf(wider.best.params).toEqualTypeOf<{ readonly x: number; readonly kind: 'a' | 'b' }>()
  await wider.addMetrics(0, { test: 1 })
  expectTypeOf((await study.extendSpace(space({ x: float(0, 2) }))).best.params).toEqualTypeOf<{ readonly x: number }>()
  await wider.merge(study)
  for (const entry of await study.history()) {
    if (entry.what === 'edit') expectTypeOf(entry.before).toEqualTypeOf<{ readonly [metric: string]: number }>()
    if (entry.what === 'rename') expectTypeOf(entry.after).toEqualTypeOf<string>()
  }
})
