import { readFileSync } from 'node:fs'
import { expect, it, vi } from 'vitest'

it('docs/samplers/annealing.md shows an example as it is, and it comes near the best point', async () => {
  const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  await import('../../examples/annealing.ts')
  const [[best] = []] = printed.mock.calls
  printed.mockRestore()
  expect(best).toBeLessThan(1e-2)
  const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
  expect(read('../../../../docs/samplers/annealing.md')).toContain(read('../../examples/annealing.ts').trim())
})
