import { readFileSync } from 'node:fs'
import { expect, it, vi } from 'vitest'

it('docs/samplers/forest.md shows an example as it is, and it finds the best point', async () => {
  const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  await import('../../examples/random-forest.ts')
  const [[best] = []] = printed.mock.calls
  printed.mockRestore()
  expect(best).toBeLessThanOrEqual(0.5)
  const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
  expect(read('../../../../docs/samplers/forest.md')).toContain(read('../../examples/random-forest.ts').trim())
})
