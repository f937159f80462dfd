import { expect, it } from 'vitest'
import { startChild, startChildren } from './child.test-support.ts'
import { expectWhole, sharedStudy } from './shared-study.test-support.ts'

/** How many of `trials` waiting trials each of `processes` processes got that claim in a loop. */
async function claims(processes: number, trials: number, kind: string): Promise<readonly number[]> {
  const { path, apply } = await sharedStudy()
  await apply(...Array.from({ length: trials }, () => ({ type: 'create', origin: 'sampler', params: { x: 1 } }) as const))
  const children = await startChildren(processes, (i) => startChild(new URL('./claimer.test-support.ts', import.meta.url), path, `claimer ${i}`, kind))
  for (const child of children) child.say('go')
  const counts = await Promise.all(children.map(async (child) => Number(await child.line())))
  expect(counts.reduce((sum, count) => sum + count, 0), 'each trial is claimed once').toBe(trials)
  expectWhole(path)
  return counts
}

function expectFair(counts: readonly number[]): void {
  const share = counts.reduce((sum, count) => sum + count, 0) / counts.length
  for (const count of counts) {
    expect(count, `shares ${counts.join(', ')}`).toBeGreaterThanOrEqual(share / 3)
    expect(count, `shares ${counts.join(', ')}`).toBeLessThanOrEqual(share * 3)
  }
}

it('P18: each of 8 processes that claim in a loop gets its share within a factor of 3', { timeout: 240_000 }, async () => {
  expectFair(await claims(8, 4000, 'fair'))
})

it('P18, broken twin: without taking turns, some of 8 processes get next to nothing', { timeout: 240_000 }, async () => {
  const counts = await claims(8, 4000, 'greedy')
  expect(() => expectFair(counts)).toThrow(/shares/)
})
