// What every published package has in common, and that its manifest agrees with the table of rooms.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { rooms } from '../tools/boundaries.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const json = (path: string) => JSON.parse(read(path))

const ours = rooms.map((room) => room.name)
const onlyOurs = (dependencies: object = {}): string[] => Object.keys(dependencies).filter((name) => ours.includes(name)).toSorted()

describe.each(rooms)('$name', ({ folder, name, imports }) => {
  const manifest = json(`packages/${folder}/package.json`)
  const folders = imports.map((imported) => rooms.find((room) => room.name === imported)?.folder)

  test('is published as an ES module without install scripts', () => {
    expect(manifest).toMatchObject({ name, license: 'MIT', type: 'module', sideEffects: false, engines: { node: '>=22.13' }, publishConfig: { access: 'public' } })
    expect(manifest.private).toBeUndefined()
    expect(Object.keys(manifest.scripts ?? {}).filter((script) => /install|prepare|prepublish/.test(script))).toEqual([])
    expect(manifest.files).toEqual(expect.arrayContaining(['dist', '!dist/*.tsbuildinfo', 'src', '!src/**/*.test.ts', '!src/**/*.test-d.ts', '!src/**/*.test-support.ts']))
  })

  test('is the same inside the workspace and published, but for the way to its sources', () => {
    for (const [entry, conditions] of Object.entries<Record<string, string>>(manifest.exports)) {
      const { 'attune-source': source, ...published } = conditions
      // What has only a source is for the workspace alone.
      expect(manifest.publishConfig.exports[entry]).toEqual(Object.keys(published).length === 0 ? undefined : published)
      expect(existsSync(join(root, 'packages', folder, source ?? ''))).toBe(true)
    }
  })

  test('depends on what the table of rooms allows, and its build refers to it', () => {
    expect(onlyOurs(manifest.dependencies)).toEqual(imports.toSorted())
    expect(onlyOurs(manifest.peerDependencies)).toEqual([])
    const references = (json(`packages/${folder}/tsconfig.build.json`).references ?? []) as readonly { readonly path: string }[]
    expect(references.map((reference) => reference.path).toSorted()).toEqual(folders.map((each) => `../${each}/tsconfig.build.json`).toSorted())
    expect(json('tsconfig.json').references).toContainEqual({ path: `packages/${folder}/tsconfig.build.json` })
  })

  test('has the licence, a changelog and a README', () => {
    expect(read(`packages/${folder}/LICENSE`)).toBe(read('LICENSE'))
    expect(read(`packages/${folder}/CHANGELOG.md`)).toContain(`## ${manifest.version}`)
    expect(read(`packages/${folder}/README.md`)).toContain(name)
  })
})

test('all packages share one version', () => {
  expect(new Set(rooms.map(({ folder }) => json(`packages/${folder}/package.json`).version)).size).toBe(1)
})
