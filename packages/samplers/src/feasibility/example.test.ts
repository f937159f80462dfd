import { readFileSync } from 'node:fs'
import { expect, it, vi } from 'vitest'

it('docs/samplers/failures-and-constraints.md shows an example as it is, and it finds the best net that is quick enough', async () => {
  const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  await import('../../examples/failures-and-constraints.ts')
  const [[params, latency, failed] = []] = printed.mock.calls
  printed.mockRestore()
  expect(params).toMatchObject({ rate: expect.closeTo(10 ** -1.2, 2), units: expect.closeTo(256, -1.3) })
  expect(latency).toBeLessThanOrEqual(4)
  expect(failed).toBeLessThan(15)
  const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
  expect(read('../../../../docs/samplers/failures-and-constraints.md')).toContain(read('../../examples/failures-and-constraints.ts').trim())
})
