import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('src/', import.meta.url))

/** What a program has said, and how it ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
  readonly errors: string
}

/** A program of this folder in a process of its own. */
export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves when the output matches, rejects when the program ends before. */
  said(pattern: RegExp): Promise<void>
}

/** Starts `src/<program>.ts`, the way the README says. Of MLflow it knows what `variables` say, not what the one who runs the tests has set. */
export function start(program: string, args: readonly string[] = [], variables: { readonly [name: string]: string } = {}): Running {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MLFLOW_')))
  const child = spawn(process.execPath, ['--conditions=attune-source', join(source, `${program}.ts`), ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...inherited, ...variables } })
  let output = ''
  let errors = ''
  const listeners = new Set<() => void>()
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString()
    for (const listener of listeners) listener()
  })
  child.stderr.on('data', (data: Buffer) => {
    errors += data.toString()
    for (const listener of listeners) listener()
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, output, errors }))
  })
  return {
    child,
    ended,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(output) && !pattern.test(errors)) return
          listeners.delete(look)
          resolve()
        }
        listeners.add(look)
        look()
        void ended.then(({ code }) => reject(new Error(`${program} ended with ${String(code)} before it said ${String(pattern)}:\n${output}\n${errors}`)))
      }),
  }
}

/** Runs a program to its end. */
export async function run(program: string, args: readonly string[] = [], variables: { readonly [name: string]: string } = {}): Promise<Ended> {
  return start(program, args, variables).ended
}

/** Calls `use` with an empty folder, which is removed afterwards. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'attune example '))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
