// docs/errors.md names every code that the packages throw, and no other.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
/** A code where it is thrown: the first argument of a class or function whose name ends in error, or of a refusal. */
const thrown = /(?:[Ee]rror|described|refused?|malformed)\(\s*'([A-Z][A-Z0-9_]*)'/g
/** Error names of the operating system, which are looked at and never thrown. */
const foreign = /^E[A-Z]+$/
/** Codes of the conformance suites' own parts, which users of a study never meet. */
const internal = ['ABORTED', 'ARTIFACT', 'EVALUATE']

test('every code has its cause and remedy in docs/errors.md, and every code there exists', () => {
  const sources = globSync('packages/*/src/**/*.ts', { cwd: root, exclude: (path) => /\.test(-d|-support)?\.ts$|generated|packages\/testing/.test(path) }).map((path) => readFileSync(join(root, path), 'utf8'))
  const all = sources.join('\n')
  const codes = new Set(sources.flatMap((source) => Array.from(source.matchAll(thrown), ([, code]) => code!)))
  const used = [...codes].filter((code) => !foreign.test(code) && !internal.includes(code))
  const page = readFileSync(join(root, 'docs/errors.md'), 'utf8')
  const documented = [...new Set(page.split('\n').filter((line) => line.startsWith('| `')).flatMap((line) => Array.from(line.split('|')[1]!.matchAll(/`([A-Z0-9_]+)`/g), ([, code]) => code!)))]
  expect(used.length).toBeGreaterThan(40)
  expect(used.filter((code) => !documented.includes(code))).toEqual([])
  expect(documented.filter((code) => !new RegExp(`['"]${code}['"]`).test(all))).toEqual([])
})
