import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { isGone, until } from './studies.test-support.ts'

const program = fileURLToPath(new URL('parent-program.test-support.ts', import.meta.url))
const parents: ChildProcess[] = []
const children: number[] = []

afterEach(() => {
  for (const parent of parents.splice(0)) parent.kill('SIGKILL')
  for (const pid of children.splice(0)) if (!isGone(pid)) process.kill(pid, 'SIGKILL')
})

/** Starts the program, and answers it with the ids of its children. */
async function start(...args: readonly string[]): Promise<{ readonly parent: ChildProcess; readonly pids: readonly number[]; readonly ended: Promise<readonly [number | null, NodeJS.Signals | null]> }> {
  const parent = spawn(process.execPath, ['--conditions=attune-source', program, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  parents.push(parent)
  const ended = once(parent, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string]
  const pids = JSON.parse(line) as readonly number[]
  children.push(...pids)
  return { parent, pids, ended }
}

const stateOf = (pid: number): string | undefined => /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]

describe('a process with children', () => {
  it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('P16: child processes that compute in one piece end with their parent, however it ends (%s)', async (signal) => {
    const { parent, pids, ended } = await start('signal')
    expect(pids.length).toBe(2)
    expect(pids.filter(isGone)).toEqual([])
    parent.kill(signal)
    await ended
    await until(() => pids.every(isGone))
  })

  it.each(['exit', 'throw'])('P16: child processes that compute in one piece end with a parent that exits or throws (%s)', async (ending) => {
    const { pids, ended } = await start(ending)
    expect((await ended)[0]).toBe(ending === 'exit' ? 0 : 1)
    await until(() => pids.every(isGone))
  })

  it.skipIf(process.platform !== 'linux')('P16: child processes that are held for a measurement end with a parent that is killed (on Linux, where it is seen that they are held)', async () => {
    const { parent, pids, ended } = await start('signal', 'held')
    await until(() => pids.every((pid) => stateOf(pid) === 'T'))
    parent.kill('SIGKILL')
    await ended
    await until(() => pids.every(isGone))
  })

  it.skipIf(process.platform === 'win32')('P16: programs that a trial in a child process has started end with a parent that is killed (not on Windows, which has no process groups)', async () => {
    const { parent, pids, ended } = await start('program')
    expect(pids.filter(isGone)).toEqual([])
    parent.kill('SIGKILL')
    await ended
    await until(() => pids.every(isGone))
  })

  it('P16: a process ends by itself once its study is closed, and its children are gone', async () => {
    const { pids, ended } = await start('close')
    expect(await ended).toEqual([0, null])
    await until(() => pids.every(isGone))
  })

  it('P16, broken twin: a child that does not watch its parent is left behind, and that is noticed', async () => {
    const { parent, pids, ended } = await start('unwatched')
    parent.kill('SIGKILL')
    await ended
    // Those of the tests above end without anybody's help; this one never does.
    for (let look = 0; look < 100; look++) await delay(10)
    expect(pids.map(isGone)).toEqual([false])
  })

  it('ends by itself although idle children are there', async () => {
    const { pids, ended } = await start('idle end')
    expect(await ended).toEqual([0, null])
    await until(() => pids.every(isGone))
  })
})
