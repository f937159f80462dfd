/*
 * Sweeps a study whose owner `gone` has ended. Says `ready`, waits for a line, sweeps. With `die` it is killed at the n-th
 * statement or commit that it makes, and never says `swept`. Arguments: path, name, n (0 for never), kind of storage.
 */
import { once } from 'node:events'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Operation } from '@attune/core'
import { SqliteStorage } from './sqlite-storage.ts'

const [path = '', name = '', die = '0', kind = 'sound'] = process.argv.slice(2)

const storage = await SqliteStorage.open({ path, busyTimeout: 60_000 })
const id = (await storage.findStudy('shared'))?.id ?? ''
process.stdout.write('ready\n')
await once(process.stdin, 'data')

/** Kills this process just before the n-th time that one of these is called. */
function killAt(n: number): void {
  let calls = 0
  const watched = [[StatementSync.prototype, 'run'], [DatabaseSync.prototype, 'exec']] as const
  for (const [prototype, method] of watched) {
    const original = (prototype as unknown as Record<string, (...parts: unknown[]) => unknown>)[method]!
    Object.assign(prototype, {
      [method](this: unknown, ...parts: unknown[]) {
        if (++calls === n) process.kill(process.pid, 'SIGKILL')
        return original.apply(this, parts)
      },
    })
  }
}

async function write(request: string, ...operations: readonly Operation[]): Promise<void> {
  const result = await storage.write(id, { id: `${name} ${request}`, operations })
  if (!result.ok) throw new Error(result.refusal.message)
}

if (die !== '0') killAt(Number(die))
if (kind === 'sound') await write('sweep', { type: 'sweep', gone: ['gone'] })
else {
  // The broken twin: a lost trial is marked as failed first, and put back then.
  const failure = { reason: 'lost', message: 'Its owner has ended.' } as const
  for (let number = 0; number < 3; number++) {
    await write(`fail ${number}`, { type: 'finish', number, token: `gone/${number}`, outcome: { state: 'failed', failure } })
    await write(`retry ${number}`, { type: 'create', origin: 'enqueued', params: { x: number } })
  }
}
process.stdout.write('swept\n')
process.exit()
