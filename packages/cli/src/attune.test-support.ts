// Tests of the command line: run in this process on streams of their own, or as a process, which is what users start.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { decodeJson } from '@attune/core'
import type { Environment } from '@attune/node/terminal'
import { runCommandLine } from './command-line.ts'

/** The command as a program. */
export const program: string = fileURLToPath(new URL('main.test-support.ts', import.meta.url))

/** What a run has printed, and how it ended. */
export interface Ended {
  readonly code: number | null
  readonly signal?: NodeJS.Signals | null
  readonly output: string
  readonly errors: string
}

/** A document, of whatever shape a test expects. */
// oxlint-disable-next-line typescript/no-explicit-any -- the expectations say what it should be
export function parsed(text: string): any {
  return decodeJson(text)
}

/** What else there is where a command runs. */
export interface Surroundings {
  readonly environment?: Environment
  /** Width of the terminal; without it there is none. */
  readonly columns?: number
  /** What a person types. */
  readonly typed?: string
}

/** Runs a command in this process. */
export async function attune(args: readonly string[], { environment = {}, columns, typed }: Surroundings = {}): Promise<Ended> {
  const stream = (): Writable & { text: string; isTTY?: boolean; columns?: number } => {
    const sink = Object.assign(new Writable({ write: (chunk: Buffer, _, done) => { sink.text += chunk.toString(); done() } }), { text: '' })
    return columns === undefined ? sink : Object.assign(sink, { isTTY: true, columns })
  }
  const [stdout, stderr] = [stream(), stream()]
  const stdin = Object.assign(new PassThrough(), { isTTY: typed !== undefined })
  stdin.end(typed ?? '')
  const code = await runCommandLine(args, { stdin, stdout, stderr, environment })
  return { code, output: stdout.text, errors: stderr.text }
}

/** A command in a process of its own. */
export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves with the match once something printed matches; rejects when the process ends before. */
  said(pattern: RegExp): Promise<RegExpExecArray>
  /** Writes a line that the trainer may wait for. */
  tell(line: string): void
}

const running = new Set<ChildProcess>()

/** Starts a command as a process. */
export function start(args: readonly string[], environment: Environment = {}): Running {
  return startProgram(program, args, environment)
}

/** Starts any program as a process. */
export function startProgram(path: string, args: readonly string[], environment: Environment = {}): Running {
  const child = spawn(process.execPath, ['--conditions=attune-source', path, ...args], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, ...environment } })
  running.add(child)
  let [output, errors] = ['', '']
  const listeners = new Set<() => void>()
  child.stdin.on('error', () => undefined) // It may have ended already.
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
    child.once('close', (code, signal) => {
      running.delete(child)
      resolve({ code, signal, output, errors })
    })
  })
  return {
    child,
    ended,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(output) ?? pattern.exec(errors)
          if (match === null) return
          listeners.delete(look)
          resolve(match)
        }
        listeners.add(look)
        look()
        void ended.then(({ code }) => reject(new Error(`${args.join(' ')} ended with ${String(code)} before it said ${String(pattern)}:\n${output}\n${errors}`)))
      }),
    tell: (line) => void child.stdin.write(`${line}\n`),
  }
}

/** Ends what a test has left. */
export async function endAll(): Promise<void> {
  await Promise.all([...running].map((child) => new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.kill('SIGKILL')
  })))
}

const folders: string[] = []

/** An empty folder, until `removeFolders`. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'attune cli '))
  folders.push(folder)
  return folder
}

export async function removeFolders(): Promise<void> {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
}
