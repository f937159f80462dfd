// A thread of the child. The study's process holds the other end of standard input, so reading it ends when that process
// does, however that came; the main thread may be computing then and would not notice.
import { readSync } from 'node:fs'
import process from 'node:process'
import { signalGroup } from '../process-group.ts'

const nothing = new Uint8Array(1)
const pause = new Int32Array(new SharedArrayBuffer(4))

function readsOn(): boolean {
  try {
    return readSync(0, nothing) > 0
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return false
    Atomics.wait(pause, 0, 0, 200)
    return true
  }
}

while (readsOn());
signalGroup(process.pid, 'SIGKILL')
