import { readFileSync } from 'node:fs'
import { expect, it, vi } from 'vitest'

const read = (path: string): string => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8')

it.each([
  ['quasi-random', 'quasi-random', [['8']]],
  ['exhaustive', 'exhaustive-and-grid', [['10', 'All points that the code met have been visited']]],
  ['partial-control', 'partial-control', [['0'], ['It is one of the known points that the study was to start from.']]],
] as const)('the example of docs/samplers runs, and the page shows it as it is: %s', async (example, page, expected) => {
  const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  await import(`../../examples/${example}.ts`)
  expect(printed.mock.calls.map((call) => call.map(String))).toEqual(expected)
  printed.mockRestore()
  expect(read(`docs/samplers/${page}.md`)).toContain(read(`packages/samplers/examples/${example}.ts`).trim())
})
