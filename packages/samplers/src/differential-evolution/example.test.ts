import { readFileSync } from 'node:fs'
import { expect, it, vi } from 'vitest'

it('docs/samplers/differential-evolution.md shows an example as it is, and it finds the best point', async () => {
  const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  await import('../../examples/differential-evolution.ts')
  const [[best] = []] = printed.mock.calls
  printed.mockRestore()
  expect(best).toBeLessThan(1e-3)
  const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
  expect(read('../../../../docs/samplers/differential-evolution.md')).toContain(read('../../examples/differential-evolution.ts').trim())
})
