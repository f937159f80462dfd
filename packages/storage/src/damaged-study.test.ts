import { DatabaseSync } from 'node:sqlite'
import { createStudy, float, minimize, type Study } from '@attune/core'
import { expect, it, onTestFinished } from 'vitest'
import { sqlite } from './sqlite.ts'
import { temporaryFile } from './temporary-file.test-support.ts'

function openStudy(path: string): Promise<Study<{ readonly x: number }>> {
  return createStudy({ name: 'study', space: { x: float(0, 1) }, objective: minimize('loss'), storage: sqlite(path), seed: 1 })
}

/** What may happen to a record, in SQL. */
const damages: readonly (readonly [what: string, how: string])[] = [
  ['no JSON any more', 'body = substr(body, 2)'],
  ['a body of another trial', `body = replace(body, '"number":', '"number":4')`],
  ['a row of another trial', 'trial = 40 + trial'],
  ['a row of another type', `type = 'x' || type`],
]

it.each(damages)('P17: a study goes on whichever of its records is damaged: %s', async (_what, damage) => {
  for (let revision = 1; ; revision++) {
    const { path, remove } = temporaryFile()
    onTestFinished(remove)
    const first = await openStudy(path)
    await first.enqueue({ x: 0.5 })
    await first.optimize(
      async function* ({ params }) {
        for (let step = 1; step <= 2; step++) yield { step, loss: params.x }
      },
      { trials: 2 },
    )
    await first.enqueue({ x: 0.25 })
    await first.close()

    const vandal = new DatabaseSync(path)
    const { changes } = vandal.prepare(`update changes set ${damage} where revision = ?`).run(revision)
    const damaged = vandal.prepare('select type from changes where revision = ?').get(revision)
    vandal.close()
    if (changes === 0) {
      expect(revision).toBeGreaterThan(10)
      return
    }

    const again = await openStudy(path)
    await again.optimize(({ params }) => params.x, { more: 3 })
    const { counts } = again.summary
    const what = `revision ${revision}, ${JSON.stringify(damaged)}: ${JSON.stringify(counts)}`
    expect(counts.failed, what).toBeLessThanOrEqual(1)
    expect(counts.complete, what).toBeGreaterThanOrEqual(4)
    expect(counts.running + counts.waiting, what).toBe(0)
    expect(again.trials().flatMap(({ failure }) => (failure === undefined ? [] : [failure.message])).join(), what).toMatch(counts.failed === 0 ? /^$/ : new RegExp(`record of revision ${revision} in .* is damaged`))
    await again.close()
  }
})

it('says that the record of a larger space is damaged, and goes on without any other correction that is', async () => {
  for (const type of ['revise', 'rename', 'amend']) {
    const { path, remove } = temporaryFile()
    onTestFinished(remove)
    const first = await openStudy(path)
    await first.optimize(({ params }) => params.x, { trials: 2 })
    await first.void(0, 'wrong data')
    await first.extendSpace({ x: float(0, 1), y: float(0, 1) }, { values: { y: 0 } })
    await first.rename('renamed')
    await first.close()
    const vandal = new DatabaseSync(path)
    expect(vandal.prepare("update changes set body = substr(body, 2) where type = ?").run(type).changes).toBe(1)
    vandal.close()
    const opening = createStudy({ name: 'renamed', space: { x: float(0, 1), y: float(0, 1) }, objective: minimize('loss'), storage: sqlite(path) })
    if (type === 'revise') {
      await expect(opening).rejects.toMatchObject({ code: 'STORAGE_DAMAGED', message: expect.stringMatching(/extension of the space of study "renamed" is damaged/) as unknown })
      continue
    }
    const again = await opening
    expect(again.name).toBe('renamed')
    expect((await again.history()).map(({ what }) => what)).toEqual(['void', 'space', 'rename'].filter((what) => what !== (type === 'amend' ? 'void' : type)))
    await again.optimize(({ params }) => params.x + params.y, { more: 1 })
    await again.close()
  }
})
