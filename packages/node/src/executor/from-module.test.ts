import { writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { InProcessExecutor } from '@attune/core'
import { trainerSuite } from '@attune/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { fromModule } from './from-module.ts'
import { processes } from './processes.ts'
import { cleanUp, folder, once, studyOn, training } from './studies.test-support.ts'

afterEach(cleanUp)

describe('fromModule', () => {
  it('names the export in the reference, beside it, or not at all', () => {
    const url = new URL('trainings.test-support.ts', import.meta.url)
    const path = relative(process.cwd(), fileURLToPath(url))
    for (const trainer of [fromModule(url, 'descent'), fromModule(new URL('#descent', url)), fromModule(url.href, 'descent'), fromModule(`${path}#descent`), fromModule(path, 'descent')]) {
      expect(trainer).toMatchObject({ specVersion: 'v1', id: 'trainings.test-support.ts#descent', concurrency: 'exclusive', module: { url: url.href, name: 'descent' } })
    }
    expect(fromModule(url).module?.name).toBe('default')
    expect(fromModule(url, 'descent', { concurrency: 'shared' }).concurrency).toBe('shared')
  })

  it('takes paths with characters that URLs mean something by', () => {
    const path = join(folder(), 'what? 100% #1.mjs')
    writeFileSync(path, 'export const train = () => 1')
    expect(fromModule(`${path}#train`).module).toEqual({ url: pathToFileURL(path).href, name: 'train' })
    // Names of exports may be any text.
    expect(fromModule(`${path}#100%`).module?.name).toBe('100%')
    // One file is one module, however its URL is written.
    expect(fromModule(new URL(`${pathToFileURL(path).href.replace('what', 'w%68at')}?`)).module?.url).toBe(pathToFileURL(path).href)
  })

  it('refuses what is no file, with what to do', () => {
    expect(() => fromModule('./no-such-file.js#train')).toThrow(expect.objectContaining({ code: 'MODULE_NOT_FOUND' }))
    for (const reference of [new URL('https://example.org/train.js'), new URL('data:text/javascript,export default 1'), new URL('node:fs'), new URL('?x=1', import.meta.url)]) {
      expect(() => fromModule(reference)).toThrow(expect.objectContaining({ code: 'MODULE_NOT_ALLOWED' }))
    }
    for (const reference of [new URL('file:///a%00b.js'), 'x'.repeat(5000)]) {
      expect(() => fromModule(reference)).toThrow(expect.objectContaining({ code: 'MODULE_NOT_FOUND', message: expect.stringContaining('cannot be reached') }))
    }
    for (const reference of ['file://:80/train.js', new URL('#100%', import.meta.url), undefined as never, 42 as never]) {
      expect(() => fromModule(reference)).toThrow(expect.objectContaining({ code: 'OPTION', message: expect.stringContaining('names no module') }))
    }
    expect(() => fromModule(new URL('#a', import.meta.url), 'b')).toThrow(expect.objectContaining({ code: 'OPTION' }))
    expect(() => fromModule(import.meta.url, 'a', { concurrency: 'both' as never })).toThrow(expect.objectContaining({ code: 'OPTION' }))
    expect(() => fromModule(import.meta.url, 'a', { concurency: 'shared' } as object)).toThrow(expect.objectContaining({ code: 'OPTION', message: expect.stringContaining('has no option "concurency"') }))
  })

  it('runs every kind of export in this process', async () => {
    for (const name of ['default', 'squareLater', 'descent', 'trainer', 'callback', 'both']) {
      const study = await studyOn(new InProcessExecutor())
      expect((await once(study, training(name))).state, name).toBe('complete')
    }
    const study = await studyOn(new InProcessExecutor(), { space: undefined })
    expect((await once(study, training('definesByRun'))).flatParams['x']).toBeTypeOf('number')
  })

  it('refuses to share an exclusive trainer', async () => {
    const study = await studyOn(new InProcessExecutor())
    const shared = fromModule(new URL('trainings.test-support.ts', import.meta.url), 'trainer', { concurrency: 'shared' })
    expect((await once(study, shared)).failure?.message).toContain("leave out concurrency: 'shared'")
  })

  it('runs a module in JavaScript, and one in TypeScript, in a child process', async () => {
    const path = folder()
    writeFileSync(join(path, 'package.json'), '{"type":"module"}')
    writeFileSync(join(path, 'train.js'), 'export const train = ({ params }) => params.x ** 2')
    writeFileSync(join(path, 'train.ts'), 'export const train = ({ params }: { readonly params: { readonly x: number } }): number => params.x ** 2')
    for (const file of ['train.js', 'train.ts']) {
      const study = await studyOn(processes({ slots: 1, allow: [path] }))
      expect((await once(study, fromModule(join(path, file), 'train'))).state).toBe('complete')
    }
  })

  it('says which module cannot be loaded, and where that was thrown', async () => {
    const path = folder()
    writeFileSync(join(path, 'package.json'), '{"type":"module"}')
    writeFileSync(join(path, 'no syntax.js'), 'export const train = (')
    writeFileSync(join(path, 'throws.js'), 'throw new RangeError("no data")')
    for (const [file, says] of [['no syntax.js', 'SyntaxError: '], ['throws.js', 'RangeError: no data']] as const) {
      const here = await once(await studyOn(new InProcessExecutor()), fromModule(join(path, file), 'train'))
      expect(here.failure?.message).toContain(`${join(path, file)} cannot be loaded: `)
      const there = await once(await studyOn(processes({ slots: 1, allow: [path] })), fromModule(join(path, file), 'train'))
      expect(there.failure?.message).toContain(`${join(path, file)} cannot be loaded: ${says}`)
      if (file === 'throws.js') expect(there.failure?.stack).toContain('throws.js:1:7')
    }
  })

  it('does not let a module start studies in its child', async () => {
    const path = folder()
    writeFileSync(join(path, 'package.json'), '{"type":"module"}')
    writeFileSync(
      join(path, 'main.js'),
      `import { processes, fromModule } from ${JSON.stringify(new URL('../index.ts', import.meta.url).href)}
       export const train = () => 1
       processes({ slots: 1 }).slots(fromModule(import.meta.url, 'train'))`,
    )
    const study = await studyOn(processes({ slots: 1, allow: [path] }))
    expect((await once(study, fromModule(join(path, 'main.js'), 'train'))).failure?.message).toContain('starts a study of its own')
  })
})

trainerSuite('a trainer of a module', () => ({ trainer: training('quick'), params: { x: 1 } }))
