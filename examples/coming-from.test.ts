import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { run } from './programs.test-support.ts'

/** What each program prints. Those that train networks are given fewer trials than their pages tell. */
const programs: { readonly [name: string]: { readonly prints: RegExp; readonly trials?: number } } = {
  // The answer of GridSearchCV of scikit-learn 1.9.1 for the program on the page.
  'scikit-learn': { prints: /^\{ neighbours: 1, p: 2, weights: 'uniform' \} 0\.951667\n$/ },
  hyperopt: { prints: /^\{\s+units: \d+,\s+activation: '(relu|tanh)',\s+optimizer: \{[^}]*type: '(sgd|adam)'[\s\S]*valAccuracy: 0\.[89]/, trials: 12 },
  'keras-tuner': { prints: /^\{ units: \d+, learningRate: 0\.01 \} 0\.9\d+\n\d complete, [1-5] stopped early\n[\s\S]*Total params: \d+/, trials: 6 },
  optuna: { prints: /^\{ neighbours: \d+, p: [12], weights: '(uniform|distance)' \} 0\.95\d\d\n$/ },
  'ray-tune': { prints: /^\{\s+learningRate: [\d.e-]+,\s+momentum: [\d.e-]+,\s+batchSize: (16|32|64)\s+\} \S+\n$/ },
}

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const read = (relative: string): string => readFileSync(path(relative), 'utf8')
const page = (name: string): string => read(`../docs/coming-from/${name}.md`)

describe('coming from', () => {
  it('has a test and a page for each program, and the index names them', () => {
    const names = Object.keys(programs).sort()
    expect(readdirSync(path('src/coming-from')).sort()).toEqual(names.map((name) => `${name}.ts`))
    expect(readdirSync(path('../docs/coming-from')).sort()).toEqual(names.map((name) => `${name}.md`))
    for (const name of names) expect(read('../docs/coming-from.md')).toContain(`(coming-from/${name}.md)`)
  })

  describe.each(Object.entries(programs))('%s', (name, { prints, trials }) => {
    it('prints what it found', async () => {
      const { code, output, errors } = await run(`coming-from/${name}`, trials === undefined ? [] : [String(trials)])
      expect({ code, errors: code === 0 ? '' : errors }).toEqual({ code: 0, errors: '' })
      expect(output).toMatch(prints)
    })

    it('stands on its page, beside the program in Python', () => {
      const cells = [...page(name).matchAll(/<td>\n\n```(\w+)\n([\s\S]*?)```\n\n<\/td>/g)].map(([, language, text]) => ({ language, text }))
      expect(cells.map(({ language }) => language)).toEqual(['python', 'ts'])
      expect(cells[1]!.text).toBe(read(`src/coming-from/${name}.ts`))
    })

    it('links to pages that exist', () => {
      const links = Array.from(page(name).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g), ([, link]) => link!)
      expect(links.filter((link) => !existsSync(path(`../docs/coming-from/${link}`)))).toEqual([])
      expect(links.length).toBeGreaterThan(0)
    })
  })
})
