// Every block of TypeScript in a README, and in a page for people who come from elsewhere, is a file of the repository that a test executes: what a reader copies has run.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const IGNORED = /(^|[\\/])(node_modules|dist|out|\.[^\\/]+|docs[\\/]api)([\\/]|$)/

function find(folder: string, ending: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (IGNORED.test(path)) return []
    return entry.isDirectory() ? find(path, ending) : entry.name.endsWith(ending) ? [path] : []
  })
}

const programs = new Map(find('.', '.ts').map((path) => [readFileSync(join(root, path), 'utf8').trim(), path]))
const tests = find('.', '.test.ts')
  .map((path) => readFileSync(join(root, path), 'utf8'))
  .join('\n')

const blocks = [...find('.', 'README.md'), ...find('docs/coming-from', '.md')].flatMap((path) =>
  [...readFileSync(join(root, path), 'utf8').matchAll(/^```(?:ts|js|typescript|javascript|mjs)\b[^\n]*\n(.*?)^```$/gms)].map((match, index) => ({
    where: `${relative('.', path)}, block ${index + 1}`,
    code: (match[1] ?? '').trim(),
  })),
)

describe('code in READMEs', () => {
  test('there is some', () => expect(blocks.length).toBeGreaterThan(0))

  test.each(blocks)('$where is a file that the tests execute', ({ code }) => {
    const program = programs.get(code)
    expect(program, `no file of the repository has this text:\n${code}`).toBeDefined()
    const name = program?.split(/[\\/]/).at(-1) ?? ''
    const folder = program?.split(/[\\/]/).at(-2) ?? ''
    // A test names the program, or runs all programs of its folder.
    expect(tests.includes(name) || tests.includes(`${folder}/*.ts`) || new RegExp(`readdir\\w*\\([^)]*${folder}`).test(tests), `no test executes ${program}`).toBe(true)
  })
})
