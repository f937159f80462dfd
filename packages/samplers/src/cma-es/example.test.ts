import { readFileSync } from 'node:fs'
import { expect, it, vi } from 'vitest'

it('docs/samplers/cma-es.md shows an example as it is, and it finds the best point', async () => {
  const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  await import('../../examples/cma-es.ts')
  const [[best] = []] = printed.mock.calls
  printed.mockRestore()
  expect(best).toBeLessThan(1e-3)
  const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
  expect(read('../../../../docs/samplers/cma-es.md')).toContain(read('../../examples/cma-es.ts').trim())
})
