/*
 * A process that claims waiting trials in a loop until there are none, as fast as it can. Says `ready`, waits for a line,
 * says how many it got. Arguments: path, name, kind of storage, name of the study.
 */
import { once } from 'node:events'
import * as library from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import type { Storage } from '@attune/core'
import { isBusy } from './sqlite/failure.ts'
import { openFile } from './sqlite/open-file.ts'
import { StudyFile } from './sqlite/study-file.ts'
import { SqliteStorage } from './sqlite-storage.ts'

const [path = '', name = '', kind = 'fair', study = 'shared'] = process.argv.slice(2)

/** The broken twin: who gets the lock asks for the next at once, and who does not waits longer and longer. */
function greedy(): Pick<Storage, 'write'> {
  const file = new StudyFile(path, openFile(library, path, 'normal', 0))
  return {
    async write(studyId, request) {
      for (let attempt = 0; ; attempt++) {
        try {
          return file.write(studyId, request, Date.now())
        } catch (error) {
          if (!isBusy(error)) throw error
          await setTimeout(Math.random() * Math.min(2 ** attempt, 200))
        }
      }
    },
  }
}

const storage = await SqliteStorage.open({ path, busyTimeout: 60_000 })
const id = (await storage.findStudy(study))?.id ?? ''
const claimer = kind === 'fair' ? storage : greedy()
process.stdout.write('ready\n')
await once(process.stdin, 'data')
let claimed = 0
for (; ; claimed++) {
  const result = await claimer.write(id, { id: `${name} ${claimed}`, operations: [{ type: 'claim', lease: { owner: name, token: `${name}/${claimed}`, milliseconds: 600_000 } }] })
  if (!result.ok) break
}
process.stdout.write(`${claimed}\n`)
process.exit()
