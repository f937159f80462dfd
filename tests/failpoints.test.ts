// Places where tests kill a process between two effects: a release has none of them.
import { globSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { filesWithFailpoints, withoutFailpoints } from '../scripts/failpoints.mjs'
import { runNode } from '../scripts/processes.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const sources = globSync('packages/*/src/**/*.ts', { cwd: root, exclude: (path) => /\.test(-d|-support)?\.ts$|failpoint\.ts$/.test(path) })
const using = sources.map((path) => ({ path, code: readFileSync(join(root, path), 'utf8') })).filter(({ code }) => /\bfailpoint\(/.test(code))

test('the build leaves no failpoint in dist', { timeout: 600_000 }, async () => {
  await runNode(join(root, 'scripts', 'build.mjs'), [], { quiet: true })
  expect(globSync('packages/core/dist/**/*.js', { cwd: root }).length).toBeGreaterThan(50)
  expect(filesWithFailpoints()).toEqual([])
})

test('every failpoint of the sources is of the form that the build takes out, and no line moves', () => {
  expect(using.length).toBeGreaterThan(5)
  for (const { path, code } of using) {
    const built = stripTypeScriptTypes(code)
    const released = withoutFailpoints(built, path)
    expect(released).not.toContain('failpoint')
    expect(released.split('\n').length).toBe(built.split('\n').length)
  }
})

test('every failpoint has a name of its own', () => {
  const names = using.flatMap(({ code }) => Array.from(code.matchAll(/\bfailpoint\('([^']+)'\)/g), ([, name]) => name))
  expect(names.length).toBeGreaterThan(10)
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
})

test.each(["if (x) failpoint('a.b')", "failpoint('a.b'), 1", 'failpoint(name)', "export { failpoint } from './failpoint.js'"])('a form that the build would leave in stops it: %s', (code) => {
  expect(() => withoutFailpoints(`const x = 1\n${code}\n`, 'file.js')).toThrow('file.js:2: a failpoint is a statement on a line of its own')
})
