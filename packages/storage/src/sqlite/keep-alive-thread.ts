/*
 * The program of the thread that renews leases: see keep-alive.ts. It imports nothing but what Node has and files beside it,
 * so that it starts fast, and starts although the main thread is blocked.
 */
import { existsSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import type { KeepAliveMessage, KeepAliveWork } from './keep-alive.ts'

/** One more than the three that are promised: the last one of a lease may be late. */
const renewalsPerLease = 4
/** Longest pause before an error is met again, in milliseconds. */
const longestPause = 250

const { path, study, session, milliseconds } = workerData as KeepAliveWork
const interval = milliseconds / renewalsPerLease
const prefix = `${session}/`
const held = "study = (select key from studies where id = ?1) and state = 'running' and substr(token, 1, length(?2)) = ?2 and token not in (select value from json_each(?3))"
const forgotten: string[] = []

let connection: { readonly database: DatabaseSync; readonly look: StatementSync; readonly renew: StatementSync } | undefined
let failures = 0
let failingSince: number | undefined
let told = false
let next: NodeJS.Timeout

function open(): NonNullable<typeof connection> {
  // SQLite would make one.
  if (!existsSync(path)) throw new Error(`${path} is not there any more.`)
  const database = new DatabaseSync(path, { timeout: 0, allowExtension: false })
  try {
    // A renewal that a power failure undoes is no loss, so nobody waits for the disk.
    database.exec('pragma trusted_schema = off; pragma synchronous = normal')
    return { database, look: database.prepare(`select 1 from trials where ${held} limit 1`), renew: database.prepare(`update trials set lease_end = ?4 where ${held}`) }
  } catch (error) {
    database.close()
    throw error
  }
}

function close(): void {
  const { database } = connection ?? {}
  connection = undefined
  database?.close()
}

/** Milliseconds until it is to be called again. Nothing is written where nothing runs. */
function renewAll(): number {
  const holder = [study, prefix, JSON.stringify(forgotten)] as const
  try {
    connection ??= open()
    if (connection.look.get(...holder) !== undefined) connection.renew.run(...holder, Date.now() + milliseconds)
    failures = 0
    failingSince = undefined
    told = false
    return interval
  } catch (error) {
    tellOnce(error)
    return Math.random() * Math.min(2 ** ++failures, longestPause, interval)
  }
}

/** Whatever it is (the file is locked, the disk is full), it is tried again; only a whole lease of it is worth a word. */
function tellOnce(error: unknown): void {
  const now = performance.now()
  failingSince ??= now
  if (told || now - failingSince < milliseconds) return
  told = true
  parentPort?.postMessage(error instanceof Error ? error.message : String(error))
}

function turn(): void {
  next = setTimeout(turn, renewAll())
}

parentPort?.on('message', (message: KeepAliveMessage) => {
  if (message.type === 'forget') {
    forgotten.push(message.token)
    return
  }
  clearTimeout(next)
  close()
  parentPort?.close()
})

turn()
