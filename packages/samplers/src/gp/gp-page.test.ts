import { readFileSync } from 'node:fs'
import { expect, it, vi } from 'vitest'
import { settingsOf } from './settings.ts'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
const page = read('../../../../docs/samplers/gp.md')

it('docs/samplers/gp.md shows an example that finds the optimum', async () => {
  expect(page).toContain(read('../../examples/gaussian-process.ts').trim())
  const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  await import('../../examples/gaussian-process.ts')
  const [[params, loss] = []] = printed.mock.calls as [{ readonly layers: number }, string][]
  printed.mockRestore()
  expect(params?.layers).toBe(5)
  expect(Number(loss)).toBeLessThan(0.001)
})

it('docs/samplers/gp.md names every option with its default', () => {
  for (const [name, value] of Object.entries(settingsOf({}))) expect(page).toContain(`| \`${name}\` | \`${typeof value === 'string' ? `'${value}'` : String(value)}\` |`)
  expect(page).toContain('| `startupTrials` | 6; 10 if')
})
