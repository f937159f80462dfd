import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { inFolder, run } from './programs.test-support.ts'

/** What each program prints, and what it wants as its argument. */
const programs: { readonly [name: string]: { readonly prints: RegExp; readonly argument?: (folder: string) => string } } = {
  shortest: { prints: /\[100\/100\] trial 99[\s\S]*1\.00\d+ \{ x: (1\.9|2\.0)\d+, n: 1 \}/ },
  'first-study': { prints: /0\.9\d+ \{[\s\S]*learningRate[\s\S]*layers: \[[\s\S]*optimizer: \{ type:/, argument: (folder) => join(folder, 'study.db') },
  'ask-and-tell': { prints: /9\d\.\d+ \{ temperature: \d+/ },
  'define-by-run': { prints: /^[01]\.\d+ \{\s+model: '(network|tree)'/ },
  'callback-reports': { prints: /\d+ complete, [1-9]\d* pruned; best/ },
  'custom-sampler': { prints: /^0\.0\d+ \{ x: (0\.9|1\.0)\d+, y: -(1\.9|2\.0)\d+ \}/ },
  'custom-pruner': { prints: /\d+ pruned/ },
  'custom-logger': { prints: /"number":0[\s\S]*"number":9/, argument: (folder) => folder },
  'core-and-one-adapter': { prints: /^0\.\d+ \{ x: 0\.\d+ \}/, argument: (folder) => folder },
}

describe('examples', () => {
  it('are all tested', () => {
    const files = readdirSync(fileURLToPath(new URL('src', import.meta.url))).filter((name) => name.endsWith('.ts'))
    expect(files.map((name) => name.slice(0, -3)).sort()).toEqual(Object.keys(programs).sort())
  })

  it.each(Object.entries(programs))('%s', async (name, { prints, argument }) => {
    await inFolder(async (folder) => {
      const { code, output, errors } = await run(name, argument === undefined ? [] : [argument(folder)])
      expect({ code, errors: code === 0 ? '' : errors }).toEqual({ code: 0, errors: '' })
      expect(output + errors).toMatch(prints)
    })
  })

  it('first-study goes on where it stopped', async () => {
    await inFolder(async (folder) => {
      const args = [join(folder, 'study.db')]
      const first = await run('first-study', args)
      const again = await run('first-study', args)
      expect(again.code).toBe(0)
      expect(again.output.split('\n').slice(-7)).toEqual(first.output.split('\n').slice(-7))
    })
  })
})
