import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { soakKills } from './src/soak/kills.ts'

describe('the soak', () => {
  it('P1, P2, P5: workers on one file that are killed at random instants lose and double nothing', { timeout: 600_000 }, async () => {
    const seed = Number(process.env['ATTUNE_SEED'] ?? Date.now() % 2 ** 32)
    const result = await soakKills({ kills: 10, trials: 1000, workers: 3, seed, progress: () => undefined })
    expect(result.problems, `seed ${seed}`).toEqual([])
    expect(result).toMatchObject({ trials: 1000, studies: 1 })
    expect(result.kills).toBeGreaterThan(3)
    // Each trial at least, but for what a worker could not say any more before it was killed.
    expect(result.acknowledged).toBeGreaterThan(900)
  })
})

describe('the heap of a process', () => {
  const program = fileURLToPath(new URL('./src/soak/heap.ts', import.meta.url))

  /** Bytes that a trial adds, between a fifth of the trials and all of them. */
  async function slope(how: string): Promise<number> {
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '--conditions=attune-source', '--disable-warning=ExperimentalWarning', program, '15000', how])
    const points = stdout.trim().split('\n').map((line) => JSON.parse(line) as { readonly trials: number; readonly bytes?: number }).filter(({ bytes }) => bytes !== undefined)
    const [first, last] = [points[0]!, points.at(-1)!]
    return (last.bytes! - first.bytes!) / (last.trials - first.trials)
  }

  it('P19: grows by the history alone, also with listeners and the progress display', { timeout: 600_000 }, async () => {
    const alone = await slope('alone')
    expect(alone).toBeLessThan(1000)
    expect((await slope('read')) - alone).toBeLessThan(250)
    expect((await slope('progress')) - alone).toBeLessThan(250)
  })

  it('P19, broken twin: a listener that keeps what it is told of shows in the heap', { timeout: 600_000 }, async () => {
    expect((await slope('leak')) - (await slope('alone'))).toBeGreaterThan(250)
  })
})
