import { DatabaseSync } from 'node:sqlite'
import { storageSuite } from '@attune/testing'
import { SqliteStorage } from './sqlite-storage.ts'
import { sqlite } from './sqlite.ts'
import { temporaryFile } from './temporary-file.test-support.ts'

storageSuite('an SQLite file', async () => {
  const { path, remove } = temporaryFile()
  return {
    storage: await sqlite(path).create(),
    another: () => SqliteStorage.open(path),
    damage: (studyId, revision) => {
      const database = new DatabaseSync(path)
      database.prepare('update changes set body = substr(body, 2) where revision = ? and study = (select key from studies where id = ?)').run(revision, studyId)
      database.close()
    },
    dispose: remove,
  }
})

storageSuite('an SQLite database in memory', () => ({ storage: new SqliteStorage(':memory:') }))
