import { execFile } from 'node:child_process'
import { accessSync, constants, mkdirSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const memory = '/sys/fs/cgroup/memory'

/** True where a group of processes with little memory can be made. */
function mayLimit(): boolean {
  try {
    accessSync(`${memory}/memory.limit_in_bytes`, constants.W_OK)
    mkdirSync(`${memory}/attune-probe-${process.pid}`)
    rmdirSync(`${memory}/attune-probe-${process.pid}`)
    return true
  } catch {
    return false
  }
}

/** The kernel takes the last process out of a group a moment after it has ended. */
async function remove(group: string): Promise<void> {
  for (;;) {
    try {
      return rmdirSync(group)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error
    }
    await delay(10)
  }
}

const limited = mayLimit()
it.skipIf(!limited)(`a child process that the kernel ends for memory is a failed trial, out of memory, and the next one runs${limited ? '' : ' (not allowed by this machine: it takes root on Linux with cgroups of version 1)'}`, async () => {
  const group = mkdtempSync(`${memory}/attune-test-`)
  try {
    writeFileSync(`${group}/memory.limit_in_bytes`, '400M')
    const program = fileURLToPath(new URL('memory-program.test-support.ts', import.meta.url))
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', 'echo $$ > "$0/cgroup.procs"; exec "$@"', group, process.execPath, '--conditions=attune-source', program])
    expect(JSON.parse(stdout)).toEqual([
      ['failed', 'out-of-memory', expect.stringContaining('The system ran out of memory')],
      ['complete', null, ''],
    ])
  } finally {
    await remove(group)
  }
})
