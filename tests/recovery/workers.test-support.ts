import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const program = fileURLToPath(new URL('./worker.test-support.ts', import.meta.url))
const compiled = join(tmpdir(), 'attune-recovery-compiled')

/** A folder that is gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'attune-recovery-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

export interface WorkerProcess {
  readonly child: ChildProcessWithoutNullStreams
  readonly lines: readonly string[]
  /** Resolves with the first line that fits, rejects if the process ends without one. */
  line(fits: (line: string) => boolean): Promise<string>
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
}

/** Starts a worker; see `worker.test-support.ts`. It is ended with the test, whatever happens. */
export function startWorker(folder: string, kind: string, { crossings = 0, pause = 0, lease = 60_000, blocking = 0, unkept = false }: { readonly crossings?: number | string; readonly pause?: number; readonly lease?: number; readonly blocking?: number; readonly unkept?: boolean } = {}): WorkerProcess {
  return startProgram(program, [folder, kind, String(crossings), String(pause), String(lease), String(blocking), ...(unkept ? ['unkept'] : [])])
}

/** Starts a program of the tests, which reads commands from its standard input if it wants any. It is ended with the test, whatever happens. */
export function startProgram(path: string, parts: readonly string[]): WorkerProcess {
  const child = spawn(process.execPath, ['--conditions=attune-source', '--disable-warning=ExperimentalWarning', path, ...parts], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  // What is said to one that has ended is lost.
  child.stdin.on('error', () => undefined)
  const lines: string[] = []
  const waiting = new Set<() => void>()
  let rest = ''
  let errors = ''
  let over = false
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
    for (const look of waiting) look()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      over = true
      if (code !== 0 && code !== null) console.error(errors)
      for (const look of waiting) look()
      resolve(signal ?? code ?? 0)
    })
  })
  const line = (fits: (line: string) => boolean): Promise<string> => new Promise((resolve, reject) => {
    const look = (): void => {
      const found = lines.find(fits)
      if (found === undefined && !over) return
      waiting.delete(look)
      if (found === undefined) reject(new Error(`The worker ended without that line. It said:\n${lines.join('\n')}\n${errors}`))
      else resolve(found)
    }
    waiting.add(look)
    look()
  })
  return { child, lines, line, ended }
}

/** Numbers in [0, 1) that follow from a seed (mulberry32). */
export function numbersOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
