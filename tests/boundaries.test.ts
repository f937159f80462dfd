// Breaches of each kind are planted in a small copy of the repository's shape; the real lint configuration has to find every one.
// A tool of this field reports success without having read a single module, so the clean tree and the number of files are checked too.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compositionRoot, rooms } from '../tools/boundaries.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const oxlint = join(root, 'node_modules', 'oxlint', 'bin', 'oxlint')

interface Finding {
  readonly code: string
  readonly filename: string
}

let copy: string

function write(path: string, text: string): void {
  mkdirSync(dirname(join(copy, path)), { recursive: true })
  writeFileSync(join(copy, path), text)
}

function lint(folder: string): { readonly files: number; readonly findings: readonly Finding[] } {
  const result = spawnSync(process.execPath, [oxlint, '--config', 'oxlint.config.mjs', '--format', 'json', folder], { cwd: copy, encoding: 'utf8' })
  const report = JSON.parse(result.stdout) as { readonly diagnostics: readonly Finding[]; readonly number_of_files: number }
  return { files: report.number_of_files, findings: report.diagnostics }
}

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'attune boundaries '))
  for (const path of ['oxlint.config.mjs', 'tools/boundaries.mjs', 'tsconfig.base.json']) cpSync(join(root, path), join(copy, path))
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction')
  for (const { folder, imports } of rooms) {
    const allowed = imports.map((name, index) => `import type * as room${index} from '${name}'\nexport type Room${index} = typeof room${index}\n`)
    write(`packages/${folder}/src/index.ts`, `${allowed.join('')}export { one } from './inner/one.ts'\n`)
    write(`packages/${folder}/src/inner/one.ts`, 'export const one = 1\n')
  }
  write(`${compositionRoot.folder}/container.ts`, "import { Container } from 'inversify'\nexport const container = (): Container => new Container()\n")
})

afterAll(() => rmSync(copy, { recursive: true, force: true }))

const browserRooms = rooms.filter((room) => room.browser).map((room) => room.folder)
const adapters = ['tfjs-adapter', 'onnx-adapter', 'mlflow-logger', 'opentelemetry-logger', 'tensorboard-logger']

/** Each breach: the rule that has to find it, the folder of the breaching file below packages/, and the file's text. */
const breaches: readonly (readonly [what: string, rule: string, folders: readonly string[], text: string])[] = [
  ['a package above', 'no-restricted-imports', ['core', 'samplers', 'pruners', 'storage', 'node', 'report', 'testing', ...adapters], "import { tune } from 'attune'\nexport const x = tune\n"],
  ['a neighbour', 'no-restricted-imports', ['pruners', 'storage', 'node', 'report', 'testing', ...adapters], "import { tpe } from '@attune/samplers'\nexport const x = tpe\n"],
  ['another adapter', 'no-restricted-imports', ['tfjs-adapter', 'tensorboard-logger', 'core', 'attune'], "import { onnxEvaluator } from '@attune/onnx-adapter'\nexport const x = onnxEvaluator\n"],
  ['core, from a package that may import nothing of ours', 'no-restricted-imports', ['onnx-format'], "import { float } from '@attune/core'\nexport const x = float\n"],
  ['a path inside a forbidden package', 'no-restricted-imports', ['core'], "import { tpe } from '@attune/samplers/tpe'\nexport const x = tpe\n"],
  ['a relative path into another package', 'no-restricted-imports', ['samplers', 'core', 'attune'], "import { one } from '../../report/src/inner/one.ts'\nexport const x = one\n"],
  ['a relative path into a package that may be imported by name', 'no-restricted-imports', ['samplers'], "import { one } from '../../core/src/inner/one.ts'\nexport const x = one\n"],
  ['a type of a forbidden package', 'no-restricted-imports', ['core', 'storage'], "import type { Tpe } from '@attune/samplers'\nexport type X = Tpe\n"],
  ['an export out of a forbidden package', 'no-restricted-imports', ['core'], "export { tpe } from '@attune/samplers'\n"],
  ['a dynamic import of a forbidden package', 'no-restricted-imports', ['core'], "export const x = (): Promise<unknown> => import('@attune/samplers')\n"],
  ['the type form import().Y', 'consistent-type-imports', ['core', 'samplers', 'onnx-adapter'], "export type X = import('@attune/samplers').Tpe\n"],
  ['a Node built-in', 'no-restricted-imports', browserRooms, "import { readFileSync } from 'node:fs'\nexport const x = readFileSync\n"],
  ['a Node built-in without its prefix', 'no-restricted-imports', browserRooms, "import { readFile } from 'fs/promises'\nexport const x = readFile\n"],
  ['a Node built-in by a dynamic import', 'no-restricted-imports', browserRooms, "export const x = (): Promise<unknown> => import('node:fs')\n"],
  ['inversify outside the container', 'no-restricted-imports', ['core', 'attune', 'node'], "import { Container } from 'inversify'\nexport const x = new Container()\n"],
  ['reflect-metadata outside the container', 'no-restricted-imports', ['core'], "import 'reflect-metadata'\n"],
  ['Math.random', 'no-restricted-properties', browserRooms, 'export const x = (): number => Math.random()\n'],
  ['Date.now', 'no-restricted-properties', browserRooms, 'export const x = (): number => Date.now()\n'],
  ['process', 'no-restricted-globals', browserRooms, 'export const x = process.pid\n'],
  ['globalThis.process', 'no-restricted-properties', browserRooms, 'export const x = globalThis.process\n'],
  ['console', 'no-restricted-globals', browserRooms, "console.log('x')\nexport {}\n"],
]

/** Where a breach is planted: at each of these depths below the src of each of its packages. */
const depths = ['', 'inner/', 'inner/most/deep/']
const place = (folder: string, depth: string, what: string): string => `packages/${folder}/src/${depth}breach-${what.replaceAll(/\W/g, '-')}.ts`

const circles: readonly (readonly [what: string, a: string, b: string])[] = [
  ['values', "import { b } from './values-b.ts'\nexport const a = (): number => b() + 1\n", "import { a } from './values-a.ts'\nexport const b = (): number => a() + 1\n"],
  ['types', "import type { B } from './types-b.ts'\nexport interface A { readonly b?: B }\n", "import type { A } from './types-a.ts'\nexport interface B { readonly a?: A }\n"],
]

describe('import boundaries', () => {
  let clean: ReturnType<typeof lint>
  let found: readonly Finding[]
  const findings = (path: string) => found.filter((finding) => finding.filename.replaceAll('\\', '/').endsWith(path)).map((finding) => finding.code)

  beforeAll(() => {
    clean = lint('packages')
    for (const [what, , folders, text] of breaches) {
      for (const depth of depths) {
        const climbed = text.replace("'../../", `'../../${'../'.repeat(depth.split('/').length - 1)}`)
        for (const folder of folders) write(place(folder, depth, what), climbed)
      }
    }
    for (const [what, a, b] of circles) {
      write(`packages/core/src/${what}-a.ts`, a)
      write(`packages/core/src/${what}-b.ts`, b)
    }
    found = lint('packages').findings
  })

  test('a clean tree passes, and every file of it is read', () => {
    expect(clean.findings).toEqual([])
    expect(clean.files).toBe(rooms.length * 2 + 1)
  })

  test.each(breaches)('%s is refused', (what, rule, folders) => {
    for (const path of folders.flatMap((folder) => depths.map((depth) => place(folder, depth, what)))) {
      expect(findings(path), path).toContainEqual(expect.stringContaining(rule))
    }
  })

  test.each(circles)('a circle of %s is refused', (what) => {
    for (const path of [`packages/core/src/${what}-a.ts`, `packages/core/src/${what}-b.ts`]) expect(findings(path)).toContain('import(no-cycle)')
  })
})

describe('the table of rooms', () => {
  test('names every package', () => {
    expect(rooms.map((room) => room.folder).toSorted()).toEqual(readdirSync(join(root, 'packages')).toSorted())
  })

  test('has no circle', () => {
    const seen: string[] = []
    for (const room of rooms) {
      expect(seen, `${room.name} stands below all that import it`).toEqual(expect.arrayContaining([...room.imports]))
      seen.push(room.name)
    }
  })

  test('reaches the deepest folder of any package', () => {
    for (const { folder } of rooms) {
      const source = join(root, 'packages', folder, 'src')
      const deepest = readdirSync(source, { recursive: true, encoding: 'utf8' }).map((path) => relative(source, join(source, path)).split(/[\\/]/).length - 1)
      expect(Math.max(...deepest)).toBeLessThanOrEqual(5)
    }
  })
})
