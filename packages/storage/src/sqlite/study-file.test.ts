import { once } from 'node:events'
import { DatabaseSync } from 'node:sqlite'
import { expect, it, onTestFinished } from 'vitest'
import { SqliteStorage } from '../sqlite-storage.ts'
import { temporaryFile } from '../temporary-file.test-support.ts'

const definition = { name: 'damaged', space: null, fingerprint: null, objectives: [], constraints: [], metrics: null, seed: 1 } as const

it('lists, finds and deletes around a study whose definition is damaged', async () => {
  const { path, remove } = temporaryFile()
  onTestFinished(remove)
  const storage = await SqliteStorage.open(path)
  onTestFinished(() => storage.close())
  await storage.createStudy(definition, 'r1')
  await storage.createStudy({ ...definition, name: 'whole' }, 'r2')
  const vandal = new DatabaseSync(path)
  vandal.exec("update studies set definition = '{}' where name = 'damaged'")
  vandal.close()
  const warned = once(process, 'warning')
  expect((await storage.listStudies()).map((study) => study.definition.name)).toEqual(['whole'])
  expect((await warned)[0]).toMatchObject({ code: 'ATTUNE_STORAGE_DAMAGED', message: expect.stringMatching(/"damaged".*key 1/) })
  await expect(storage.findStudy('damaged')).rejects.toMatchObject({ code: 'STORAGE_DAMAGED', message: expect.stringMatching(/restore the file from a copy, or delete this study/) })
  expect(await storage.findStudy('whole')).toBeDefined()
  expect(await storage.deleteStudy('damaged', 'r3')).toBe(true)
  expect(await storage.listStudies()).toHaveLength(1)
})
