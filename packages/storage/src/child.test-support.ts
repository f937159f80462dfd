import { type ChildProcess, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** A process of a test, which talks in lines. It is ended with the test, whatever happens. */
export interface Child {
  readonly process: ChildProcess
  /** Its next line on standard output; undefined when there will be none. */
  line(): Promise<string | undefined>
  say(line: string): void
  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
}

/** Runs a program of the tests, from the sources. */
export function startChild(program: URL, ...parts: readonly (string | number)[]): Child {
  return start(commandOf(program, parts))
}

/** The same where no file can grow beyond so many kB: a write beyond it fails, as on a full disk. Not on Windows. */
export function startLimitedChild(largestFile: number, program: URL, ...parts: readonly (string | number)[]): Child {
  // Without the trap the system would end the process instead.
  return start(['bash', '-c', `trap '' XFSZ; ulimit -f ${largestFile}; exec "$0" "$@"`, ...commandOf(program, parts)])
}

function commandOf(program: URL, parts: readonly (string | number)[]): readonly string[] {
  return [process.execPath, '--conditions=attune-source', fileURLToPath(program), ...parts.map(String)]
}

function start([file = '', ...parts]: readonly string[]): Child {
  const child = spawn(file, parts, {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Spares many processes the compiling of the same modules.
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'attune-test-compiled') },
  })
  const ended = new Promise<{ readonly code: number | null; readonly signal: string | null }>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  // What is said to one that has ended is lost.
  child.stdin.on('error', () => undefined)
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  return {
    process: child,
    line: async () => {
      const next = await lines.next()
      return next.done === true ? undefined : next.value
    },
    say: (line) => void child.stdin.write(`${line}\n`),
    signal: (name) => void child.kill(name),
    ended,
  }
}

/** Starts several at once and waits until each has said its first line. */
export async function startChildren(count: number, start: (i: number) => Child): Promise<readonly Child[]> {
  const children = Array.from({ length: count }, (_, i) => start(i))
  await Promise.all(children.map((child) => child.line()))
  return children
}
