import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('poor-program.test-support.ts', import.meta.url))
const started: ChildProcess[] = []

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

/** Runs the program, whose output nobody reads, and answers what it tells. */
async function run(command: string, args: readonly string[]): Promise<{ readonly code: number; readonly told: string }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  started.push(child)
  child.stdout.destroy()
  let told = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text))
  const [code] = (await once(child, 'close')) as [number]
  return { code, told }
}

describe('a study goes on', () => {
  it.each(['processes', 'threads'])('where nobody reads what its %s print', async (kind) => {
    const { code, told } = await run(process.execPath, ['--conditions=attune-source', program, kind, 'reader'])
    expect(told).toBe(JSON.stringify([['complete', null, ''], ['complete', null, '']]))
    expect(code).toBe(0)
  })

  it.skipIf(process.platform === 'win32')('where there is no file descriptor left for a child process: its trial has failed (not on Windows, which has no such limit)', async () => {
    const { code, told } = await run('/bin/sh', ['-c', 'ulimit -n 80; exec "$@"', 'sh', process.execPath, '--conditions=attune-source', program, 'processes', 'descriptors'])
    expect(told).toMatch(/^\[\["failed","crashed","A child process cannot be started: .*EMFILE\."\]\]$/)
    expect(code).toBe(0)
  })
})
