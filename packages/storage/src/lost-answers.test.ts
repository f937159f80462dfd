import { DatabaseSync } from 'node:sqlite'
import { type Change, isAttuneError, type Operation } from '@attune/core'
import { expect, it, onTestFinished } from 'vitest'
import { sharedDefinition } from './shared-study.test-support.ts'
import { SqliteStorage } from './sqlite-storage.ts'
import { temporaryFile } from './temporary-file.test-support.ts'

const failpoint = Symbol.for('@attune/core/failpoint')

/** Lets the n-th passage of a place fail, as where the disk fails or the process is interrupted there; 0 for none. Answers how many there were. */
async function failingAt(place: string, n: number, work: () => Promise<void>): Promise<number> {
  let passages = 0
  Object.assign(globalThis, {
    [failpoint]: (name: string) => {
      if (name === place && ++passages === n) throw new Error('The answer is lost.')
    },
  })
  try {
    await work()
  } finally {
    Reflect.deleteProperty(globalThis, failpoint)
  }
  return passages
}

/** Repeats a call that got no answer, as its caller does. */
async function answered<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (isAttuneError(error)) throw error
    return call()
  }
}

const lease = (token: string) => ({ owner: 'host', token, milliseconds: 600_000 }) as const
const requests: readonly (readonly Operation[])[] = [
  [{ type: 'create', origin: 'sampler', params: { x: 1 }, lease: lease('a') }, { type: 'create', origin: 'enqueued', params: { x: 2 } }],
  [{ type: 'report', number: 0, token: 'a', step: 1, metrics: { loss: 1 } }, { type: 'checkpoint', number: 0, token: 'a', step: 1, artifact: { hash: 'aa', size: 1, kind: 'k' } }],
  [{ type: 'renew', number: 0, token: 'a', milliseconds: 600_000 }],
  [{ type: 'claim', lease: { owner: 'gone', token: 'b', milliseconds: 600_000 } }],
  [{ type: 'sweep', gone: ['gone'] }],
  [{ type: 'finish', number: 0, token: 'a', outcome: { state: 'complete', metrics: { loss: 1 } } }],
]

interface Told {
  readonly answers: readonly unknown[]
  readonly history: readonly (readonly Change['body'][])[]
}

/** Makes, fills, copies and deletes studies, and answers all that was told. */
async function live(path: string, call: <T>(work: () => Promise<T>) => Promise<T>): Promise<Told> {
  const storage = await SqliteStorage.open({ path, clock: { now: () => 0 } })
  onTestFinished(() => storage.close())
  const answers: unknown[] = []
  const told = async <T>(work: () => Promise<T>): Promise<T> => {
    const answer = await call(work)
    answers.push(answer !== null && typeof answer === 'object' && 'id' in answer ? { ...answer, id: '' } : answer)
    return answer
  }
  const id = (await told(() => storage.createStudy(sharedDefinition, 'create')))?.id ?? ''
  for (const [i, operations] of requests.entries()) await told(() => storage.write(id, { id: `request ${i}`, operations }))
  await told(() => storage.copyStudy('shared', 'copy', 'copy'))
  await told(() => storage.copyStudy('shared', 'away', 'copy away'))
  await told(() => storage.deleteStudy('away', 'delete'))
  const studies = await told(() => storage.listStudies())
  const history: (readonly Change['body'][])[] = []
  for (const { id: one } of studies) history.push((await told(() => storage.changesSince(one, 0))).map(({ body }) => body))
  answers[answers.length - 1 - studies.length] = studies.map((study) => ({ ...study, id: '' }))
  return { answers, history }
}

function newPath(): string {
  const { path, remove } = temporaryFile()
  onTestFinished(remove)
  return path
}

it.each(['storage.after-commit', 'storage.before-commit'])('P7: whichever call of the file gets no answer, failing at %s, it is repeated and changes nothing more', async (place) => {
  const undisturbed = await live(newPath(), (work) => work())
  const passages = await failingAt(place, 0, async () => void (await live(newPath(), (work) => work())))
  expect(passages).toBeGreaterThan(10)
  for (let n = 1; n <= passages; n++) {
    const path = newPath()
    // The file is made first: what opens it is no call.
    await (await SqliteStorage.open(path)).close()
    await failingAt(place, n, async () => expect(await live(path, answered), `lost at passage ${n}`).toEqual(undisturbed))
  }
})

it('P7, broken twin: a caller that repeats under another request id does things twice', async () => {
  const undisturbed = await live(newPath(), (work) => work())
  let different = 0
  const storageOf = SqliteStorage.prototype
  const write = storageOf.write
  let calls = 0
  storageOf.write = function (this: SqliteStorage, studyId, request) {
    return write.call(this, studyId, { ...request, id: `${request.id} ${++calls}` })
  }
  onTestFinished(() => {
    storageOf.write = write
  })
  for (let n = 2; n <= 5; n++) {
    await failingAt('storage.after-commit', n, async () => {
      const told = await live(newPath(), answered)
      if (JSON.stringify(told) !== JSON.stringify(undisturbed)) different++
    })
  }
  expect(different).toBeGreaterThan(0)
})

it('P17: a connection that could neither finish nor undo a transaction is given up, and the next call opens another', async () => {
  const path = newPath()
  const storage = await SqliteStorage.open(path)
  onTestFinished(() => storage.close())
  const { exec } = DatabaseSync.prototype
  DatabaseSync.prototype.exec = function (sql) {
    if (sql === 'rollback') throw new Error('The disk is gone.')
    exec.call(this, sql)
  }
  onTestFinished(() => {
    DatabaseSync.prototype.exec = exec
  })
  await failingAt('storage.before-commit', 1, async () => {
    await expect(storage.createStudy(sharedDefinition, 'create')).rejects.toMatchObject({ code: 'STORAGE_FAILED', message: expect.stringMatching(/neither be finished nor rolled back\..*repeat it/) })
  })
  DatabaseSync.prototype.exec = exec
  expect((await storage.createStudy(sharedDefinition, 'create'))?.revision).toBe(0)
  expect(await storage.listStudies()).toHaveLength(1)
})
