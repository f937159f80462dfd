import { readFileSync } from 'node:fs'
import { expect, it, vi } from 'vitest'

it('docs/samplers/noise.md shows an example as it is, and it chooses a point near the best', async () => {
  const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  await import('../../examples/noisy-objective.ts')
  const [[params, mean, luckiest] = []] = printed.mock.calls as [{ readonly rate: number; readonly layers: number }, string, string][]
  printed.mockRestore()
  expect(params?.layers).toBe(5)
  expect(Math.abs(Math.log10(params?.rate ?? 1) + 3)).toBeLessThan(0.5)
  expect(Math.abs(Number(mean))).toBeLessThan(0.4)
  expect(Number(luckiest)).toBeLessThan(-0.5)
  const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
  expect(read('../../../../docs/samplers/noise.md')).toContain(read('../../examples/noisy-objective.ts').trim())
})
