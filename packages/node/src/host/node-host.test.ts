import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { nodeHost } from './node-host.ts'
import { parseProcessStat, readProcessStat } from './process-start.ts'

const script = fileURLToPath(new URL('host-child.test-support.ts', import.meta.url))
const linux = process.platform === 'linux'
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** Starts a process that tells its identity and then waits or ends. */
async function start(command: string, ...args: string[]): Promise<{ readonly child: ChildProcess; readonly identity: string }> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const [identity] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return { child, identity }
}

const startNode = (): ReturnType<typeof start> => start(process.execPath, '--conditions=attune-source', script, 'wait')
const change = (identity: string, part: 'pid' | 'start', value: string): string => identity.replace(/(\d+)\/(\w+)$/, (_, pid, begun) => (part === 'pid' ? `${value}/${begun}` : `${pid}/${value}`))

describe('nodeHost', () => {
  it('names the process: the same at every call, another in every process', async () => {
    expect(nodeHost().identity).toBe(nodeHost().identity)
    expect(nodeHost().identity).toMatch(new RegExp(`^.+/${process.pid}/\\w+$`))
    const [one, other] = await Promise.all([startNode(), startNode()])
    expect(new Set([one.identity, other.identity, nodeHost().identity]).size).toBe(3)
  })

  it('knows whether a process lives or was killed', async () => {
    const { child, identity } = await startNode()
    expect(await nodeHost().isGone(identity)).toBe(false)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await nodeHost().isGone(identity)).toBe(true)
  })

  it('does not take itself for gone', async () => {
    expect(await nodeHost().isGone(nodeHost().identity)).toBe(false)
  })

  it.skipIf(!linux)('tells a process from an earlier one of the same number (needs /proc)', async () => {
    const { identity } = await startNode()
    expect(await nodeHost().isGone(change(identity, 'start', '12345'))).toBe(true)
    expect(await nodeHost().isGone(change(nodeHost().identity, 'start', '12345'))).toBe(true)
  })

  it.skipIf(!linux)('takes a zombie for gone (needs /proc)', async () => {
    // The shell starts a child and becomes `sleep`, which never asks how its children ended.
    const { child, identity } = await start('sh', '-c', '"$0" --conditions=attune-source "$1" end & exec sleep 1000', process.execPath, script)
    const pid = Number(/(\d+)\/\w+$/.exec(identity)![1])
    expect(pid).not.toBe(child.pid)
    await vi.waitFor(async () => expect(await readProcessStat(pid)).toMatchObject({ ended: true }), { timeout: 50_000, interval: 5 })
    expect(await nodeHost().isGone(identity)).toBe(true)
  })

  it('says of what it cannot know that it is not gone', async () => {
    const { child, identity } = await startNode()
    child.kill('SIGKILL')
    await once(child, 'exit')
    const dead = identity
    expect(await nodeHost().isGone(dead)).toBe(true)
    for (const unknown of [`other-${dead}`, dead.replace('/', '-moved/'), '', 'anonymous/0123abcd', '///', `${dead}/`, change(dead, 'pid', '0'), change(dead, 'pid', '-1'), change(dead, 'pid', '99999999999999999999')]) {
      expect(await nodeHost().isGone(unknown), unknown).toBe(false)
    }
  })
})

describe('parseProcessStat', () => {
  const rest = '1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 8731 0 0 18446744073709551615'

  it('counts fields after the name, which may hold anything', () => {
    expect(parseProcessStat(`42 (node) S ${rest}`)).toEqual({ start: '8731', ended: false })
    expect(parseProcessStat(`42 (a) R 1 (b c) Z ${rest}`)).toEqual({ start: '8731', ended: true })
  })

  it('answers undefined for anything else', () => {
    for (const text of ['', '42', '42 (node) S 1 2 3', '42 (node) S 1 1 0 -1 0 1 0 0 0 0 0 0 0 20 0 1 0 x']) expect(parseProcessStat(text)).toBeUndefined()
  })
})
