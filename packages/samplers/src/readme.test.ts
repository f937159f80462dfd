import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createStudy, float, random, type SamplerFactory } from '@attune/core'
import { samplerSuite } from '@attune/testing'
import { expect, it, vi } from 'vitest'

const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined)
const { climb } = await import('../examples/custom-sampler.ts')
const { successRule } = await import('../examples/success-rule.ts')
const [[best] = []] = printed.mock.calls
printed.mockRestore()

it('examples/custom-sampler.ts finds a good point', () => {
  expect(best).toBeLessThan(0.1)
})

samplerSuite('examples/custom-sampler.ts', () => climb(0.1))
samplerSuite('examples/success-rule.ts', () => successRule())

it('examples/success-rule.ts comes nearer than chance', async () => {
  const reached = async (sampler: SamplerFactory): Promise<number> => {
    const study = await createStudy({ space: { x: float(-5, 5), y: float(-5, 5) }, sampler, seed: 4 })
    await study.optimize(({ params: { x, y } }) => (x - 1) ** 2 + (y + 2) ** 2, { trials: 80 })
    return study.best.value
  }
  expect(await reached(successRule())).toBeLessThan(0.01 * (await reached(random())))
})

it('docs/samplers/write-your-own.md shows the example as it is', () => {
  const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
  expect(read('../../../docs/samplers/write-your-own.md')).toContain(read('../examples/success-rule.ts').trim())
})

it('examples/compare-samplers.ts runs: the grid ends by itself, and tpe is the best', () => {
  const run = spawnSync(process.execPath, ['--conditions=attune-source', fileURLToPath(new URL('../examples/compare-samplers.ts', import.meta.url))], { encoding: 'utf8' })
  expect(run.stderr).toBe('')
  const results = run.stdout.trim().split('\n').map((line) => /^(\w+): ([\d.]+) after (\d+) trials \((.+)\)$/.exec(line)?.slice(1) ?? [])
  expect(results.map(([id]) => id)).toEqual(['random', 'grid', 'tpe'])
  expect(results[1]).toEqual(['grid', expect.any(String), '72', expect.stringContaining('72')])
  expect(Number(results[2]?.[1])).toBeLessThan(Math.min(Number(results[0]?.[1]), Number(results[1]?.[1])))
})
