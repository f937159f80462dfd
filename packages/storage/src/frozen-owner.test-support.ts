/*
 * An owner that is frozen in the midst of a trial. Starts a trial under a lease that a thread renews, says `running`, waits for a
 * line, then writes everything that only the owner may write, late, and says what became of it.
 * Arguments: path, lease in milliseconds, kind of storage.
 */
import { once } from 'node:events'
import { DatabaseSync } from 'node:sqlite'
import type { Operation, Storage } from '@attune/core'
import { SqliteStorage } from './sqlite-storage.ts'

const [path = '', lease = '', kind = 'sound'] = process.argv.slice(2)
const milliseconds = Number(lease)

/** The broken twin: takes whoever writes for the owner. */
function ignoringTokens(storage: Storage): Pick<Storage, 'write'> {
  const database = new DatabaseSync(path)
  return {
    write: (studyId, request) => {
      const { token } = database.prepare('select token from trials where number = 0').get() as { token: string }
      return storage.write(studyId, { ...request, operations: request.operations.map((operation) => ('token' in operation ? { ...operation, token } : operation)) })
    },
  }
}

const storage = await SqliteStorage.open({ path, busyTimeout: 60_000 })
const id = (await storage.findStudy('shared'))?.id ?? ''
const token = 'frozen/1'
storage.keepAlive(id, 'frozen', milliseconds)
await storage.write(id, { id: 'frozen', operations: [{ type: 'create', origin: 'sampler', params: { x: 1 }, lease: { owner: 'frozen', token, milliseconds } }] })
process.stdout.write('running\n')
await once(process.stdin, 'data')
const late: readonly Operation[] = [
  { type: 'report', number: 0, token, step: 9, metrics: { loss: 666 } },
  { type: 'checkpoint', number: 0, token, step: 9, artifact: { hash: 'aa', size: 1, kind: 'k' } },
  { type: 'assign', number: 0, token, params: { x: 666 } },
  { type: 'renew', number: 0, token, milliseconds },
  { type: 'pause', number: 0, token },
  { type: 'finish', number: 0, token, outcome: { state: 'complete', metrics: { loss: 666 } } },
]
const writer = kind === 'sound' ? storage : ignoringTokens(storage)
const answers: string[] = []
for (const operation of late) {
  const result = await writer.write(id, { id: `late ${operation.type}`, operations: [operation] })
  answers.push(`${operation.type} ${result.ok ? 'accepted' : result.refusal.reason}`)
}
process.stdout.write(`${answers.join(', ')}\n`)
process.exit()
