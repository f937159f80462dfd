// A worker thread of the child. The parent holds the other end of standard input, so reading it ends when the parent
// does, however that came; the main thread may be inside the runtime then and would not notice. It also ends the process
// when that takes more memory than it may: a model may ask for any amount.
import { readSync, writeSync } from 'node:fs'
import process from 'node:process'
import { workerData } from 'node:worker_threads'
import { memoryLimitPassed } from '../protocol.ts'

const nothing = new Uint8Array(1)
const pause = new Int32Array(new SharedArrayBuffer(4))
const maxMemoryBytes: unknown = workerData

function readsOn(): boolean {
  try {
    return readSync(0, nothing) > 0
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return false
    const resident = process.memoryUsage.rss()
    if (typeof maxMemoryBytes === 'number' && resident > maxMemoryBytes) {
      writeSync(2, `\n${memoryLimitPassed} ${resident}\n`)
      return false
    }
    Atomics.wait(pause, 0, 0, 50)
    return true
  }
}

while (readsOn());
process.kill(process.pid, 'SIGKILL')
