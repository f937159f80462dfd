import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { samplerSuite } from '@attune/testing'
import { expect, it, vi } from 'vitest'

const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined)
const { climb } = await import('../examples/custom-sampler.ts')
const [[best] = []] = printed.mock.calls
printed.mockRestore()

it('examples/custom-sampler.ts finds a good point', () => {
  expect(best).toBeLessThan(0.1)
})

samplerSuite('examples/custom-sampler.ts', () => climb(0.1))

it('examples/compare-samplers.ts runs: the grid ends by itself, and tpe is the best', () => {
  const run = spawnSync(process.execPath, ['--conditions=attune-source', fileURLToPath(new URL('../examples/compare-samplers.ts', import.meta.url))], { encoding: 'utf8' })
  expect(run.stderr).toBe('')
  const results = run.stdout.trim().split('\n').map((line) => /^(\w+): ([\d.]+) after (\d+) trials \((.+)\)$/.exec(line)?.slice(1) ?? [])
  expect(results.map(([id]) => id)).toEqual(['random', 'grid', 'tpe'])
  expect(results[1]).toEqual(['grid', expect.any(String), '72', expect.stringContaining('72')])
  expect(Number(results[2]?.[1])).toBeLessThan(Math.min(Number(results[0]?.[1]), Number(results[1]?.[1])))
})
