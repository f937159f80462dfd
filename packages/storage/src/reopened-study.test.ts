// Studies that go on after a restart: what is not stored (functions) is asked for again, and what is stored is found again.
import { constraint, createStudy, float, int, linear, loadStudy, minimize, space, type Study } from '@attune/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sqlite } from './sqlite.ts'
import { temporaryFile } from './temporary-file.test-support.ts'

function temporaryPath(): string {
  const { path, remove } = temporaryFile()
  onTestFinished(remove)
  return path
}

interface Growing {
  choice<const T extends string>(name: string, values: readonly T[]): T
  float(name: string, low: number, high: number): number
  int(name: string, low: number, high: number): number
}

/** Meets other leaves in other branches, and one more from the seventh trial on. */
function growing(trial: Growing & { readonly number: number }): number {
  const late = trial.number >= 6 ? trial.int('late', 1, 4) : 0
  return late + (trial.choice('kind', ['sgd', 'adam']) === 'sgd' ? trial.float('momentum', 0, 1) : trial.int('layers', 1, 3))
}

describe('a study whose space is defined by running', () => {
  const open = (path: string): Promise<Study<{ readonly [name: string]: string | number | boolean | null }>> => createStudy({ name: 'open', storage: sqlite(path), seed: 5 })

  it('goes on after any restart as if there had been none', { timeout: 120_000 }, async () => {
    const throughout = await open(temporaryPath())
    await throughout.optimize(growing, { trials: 10 })
    for (const cut of [1, 3, 6, 7, 9]) {
      const path = temporaryPath()
      const first = await open(path)
      await first.optimize(growing, { trials: cut })
      await first.close()
      const second = await open(path)
      expect(second.space.fingerprint).toBe(first.space.fingerprint)
      await second.optimize(growing, { trials: 10 })
      expect(second.trials().map(({ flatParams, value }) => [flatParams, value])).toEqual(throughout.trials().map(({ flatParams, value }) => [flatParams, value]))
      expect(second.space.fingerprint).toBe(throughout.space.fingerprint)
      await second.close()
    }
    await throughout.close()
  })

  it('refuses a leaf that changed since', async () => {
    const path = temporaryPath()
    const first = await open(path)
    await first.optimize((trial) => trial.float('x', 0, 1), { trials: 2 })
    await first.close()
    const second = await open(path)
    await expect(second.optimize((trial) => trial.float('x', 0, 2), { more: 1 })).rejects.toThrow(/'x' was .* and is now/)
    await second.close()
  })
})

describe('a study with constraints on its space', () => {
  const leaves = { x: float(0, 1), y: float(0, 1), n: int(1, 3) }
  const budget = linear({ x: 1, y: 1 }, { atMost: 1, name: 'budget' })
  const order = (version = 1): ReturnType<typeof constraint<{ readonly x: number; readonly y: number }>> => constraint<{ readonly x: number; readonly y: number }>('order', ({ x, y }) => x - y, { version })

  it('keeps them after a restart, functions given again, and says which one is missing or another', async () => {
    const path = temporaryPath()
    const open = (constraints: readonly (typeof budget | ReturnType<typeof order>)[]): Promise<Study<{ readonly x: number; readonly y: number; readonly n: number }>> =>
      createStudy({ name: 'bounded', space: space(leaves, { constraints: [...constraints] }), objective: minimize('loss'), storage: sqlite(path), seed: 2 })
    const objective = ({ params }: { readonly params: { readonly x: number } }): number => params.x
    const first = await open([budget, order()])
    await first.optimize(objective, { trials: 5 })
    await first.close()

    const second = await open([budget, order()])
    await second.optimize(objective, { trials: 30 })
    for (const { params } of second.trials()) {
      expect(params.x + params.y).toBeLessThanOrEqual(1)
      expect(params.x).toBeLessThanOrEqual(params.y)
    }
    await second.close()

    for (const [constraints, named] of [[[budget], 'order'], [[budget, order(2)], 'order'], [[order()], 'budget'], [[linear({ x: 1, y: 1 }, { atMost: 2, name: 'budget' }), order()], 'budget']] as const) {
      await expect(open(constraints)).rejects.toMatchObject({ code: 'STUDY_CHANGED', message: expect.stringContaining(named) as unknown })
    }

    await expect(loadStudy({ storage: sqlite(path), name: 'bounded' })).rejects.toMatchObject({ code: 'CONSTRAINT', message: expect.stringContaining('give it again as constraint("order", …') as unknown })
    const loaded = await loadStudy({ storage: sqlite(path), name: 'bounded', constraints: [order()] as never })
    expect(loaded.trials().length).toBe(30)
    await loaded.close()
  })
})

describe('attributes', () => {
  it('of studies and trials are there after a restart', async () => {
    const path = temporaryPath()
    const open = (): Promise<Study<{ readonly x: number }>> => createStudy({ name: 'noted', space: { x: float(0, 1) }, storage: sqlite(path), seed: 1 })
    const first = await open()
    await first.setAttribute('data', { rows: [1, null], scale: Number.NEGATIVE_INFINITY })
    await first.optimize(async (trial) => {
      await trial.setAttribute('host', `h${trial.number}`)
      return trial.params.x
    }, { trials: 2 })
    await first.close()
    const second = await open()
    expect(second.attributes).toEqual({ data: { rows: [1, null], scale: Number.NEGATIVE_INFINITY } })
    expect(second.trials().map(({ attributes }) => attributes)).toEqual([{ host: 'h0' }, { host: 'h1' }])
    await second.close()
  })
})
