import { spawn, type ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { AttuneError } from '@attune/core'
import { echo } from './echo.ts'
import { inheritedNodeOptions, type Variables } from './environment.ts'
import { FrameReader, frameOf } from './frames.ts'
import { guardHeld } from './held-guard.ts'
import { kernelKills, watchMemory } from './memory-watch.ts'
import { leadsGroup, signalGroup } from './process-group.ts'
import { parseResponse } from './protocol.ts'
import { LastOutput, messageOf, type Runner, type RunnerEvents } from './runner.ts'

export interface ProcessSettings {
  readonly env: Variables
  readonly nodeOptions: readonly string[]
  readonly memoryMb: number | undefined
  readonly maxBytes: number
  readonly roots: readonly string[]
  readonly output: 'inherit' | 'ignore'
}

/** Milliseconds that the rest of what a child printed may take to arrive after it has exited: what it started itself may hold its output open. */
const outputDeadline = 1000
const mebibyte = 2 ** 20

/** Starts a child process that runs trials. It ends when this process does, however that comes. */
export function startProcess(settings: ProcessSettings, events: RunnerEvents): Runner {
  const fromSource = import.meta.url.endsWith('.ts')
  // The same ending as this file: TypeScript from the sources, JavaScript from the package.
  const program = fromSource ? new URL('./child/process-main.ts', import.meta.url) : new URL('./child/process-main.js', import.meta.url)
  const { memoryMb } = settings
  const flags = [
    ...inheritedNodeOptions(),
    ...(fromSource ? ['--conditions=attune-source', '--disable-warning=ExperimentalWarning'] : []),
    ...(memoryMb === undefined ? [] : [`--max-old-space-size=${Math.ceil(memoryMb)}`]),
    ...settings.nodeOptions,
  ]
  // Standard input is how the child notices that this process is gone; messages cross on descriptor 3.
  const child = spawn(process.execPath, [...flags, fileURLToPath(program)], { stdio: ['pipe', 'pipe', 'pipe', 'pipe'], env: settings.env, windowsHide: true, detached: leadsGroup })
  // Without a file descriptor to spare there are no streams either; then an error event says so.
  const streams = (child.stdio as ChildProcess['stdio'] | undefined) ?? []
  const channel = streams[3] as Socket | undefined
  const printed = new LastOutput()
  const { promise: gone, resolve: markGone } = Promise.withResolvers<void>()
  /** How many processes the kernel had ended for memory when the trial began. */
  let killsBefore = kernelKills()
  let problem: Error | undefined
  let told = false
  let exited = false
  let stopWatch: (() => void) | undefined

  const crashed = (message: string): AttuneError => new AttuneError('TRIAL_CRASHED', message, { details: { pid: child.pid } })
  const tell = (error: Error): void => {
    stopWatch?.()
    if (!told) events.ended(error)
    told = true
  }
  const end = (error: Error): void => {
    exited = true
    tell(problem ?? error)
    // What the child started itself may hold them open, and would keep this process alive.
    for (const stream of streams) stream?.destroy()
    markGone()
  }
  const signal = (name: NodeJS.Signals): void => {
    if (!exited && child.pid !== undefined) signalGroup(child.pid, name)
  }
  /** Ends a child that cannot be trusted or afforded any more. */
  const fail = (error: Error): void => {
    problem ??= error
    signal('SIGKILL')
  }

  child.on('error', (error) => {
    // Also told of a signal that could not be sent; then the child runs or has exited, and that is told below.
    if (child.pid === undefined) end(crashed(`A child process cannot be started: ${error.message}.`))
  })
  child.on('exit', (code, signal) => {
    exited = true
    // What it has started ends with it.
    if (leadsGroup && child.pid !== undefined) signalGroup(child.pid, 'SIGKILL')
    const finish = (): void => end(reasonOf(code, signal, printed, killsBefore))
    const late = setTimeout(finish, outputDeadline)
    child.on('close', () => {
      clearTimeout(late)
      finish()
    })
  })
  // What goes wrong with these comes with its end, which says why.
  for (const stream of [child.stdin, channel]) stream?.on('error', () => undefined)
  const show = (stream: NodeJS.WriteStream, text: string): void => void (settings.output === 'inherit' && echo(stream, text))
  child.stdout?.setEncoding('utf8').on('data', (text: string) => show(process.stdout, text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    printed.push(text)
    show(process.stderr, text)
  })
  const reader = new FrameReader(() => settings.maxBytes)
  channel?.on('data', (piece: Uint8Array) => {
    if (problem !== undefined) return
    try {
      for (const message of reader.push(piece)) {
        const response = parseResponse(message)
        if (response === undefined) throw new Error('It is of no known form.')
        events.message(response)
      }
    } catch (error) {
      fail(crashed(`Child process ${child.pid} sent something that is no message, and was ended. ${messageOf(error)}${printed.told}`))
    }
  })

  const send: Runner['send'] = (request) => {
    if (exited || channel === undefined || channel.destroyed) return // Its end says why.
    for (const part of frameOf(request, settings.maxBytes)) channel.write(part)
  }
  send({ type: 'begin', roots: settings.roots, maxBytes: settings.maxBytes })
  setReferenced(child, false)

  return {
    get name() {
      return `child process ${child.pid}`
    },
    get alive() {
      return !exited
    },
    send,
    busy(running) {
      setReferenced(child, running)
      stopWatch?.()
      if (!running) return
      printed.clear()
      killsBefore = kernelKills()
      if (memoryMb !== undefined && child.pid !== undefined) {
        stopWatch = watchMemory(child.pid, memoryMb * mebibyte, (bytes) =>
          fail(new AttuneError('OUT_OF_MEMORY', `The trial used ${Math.round(bytes / mebibyte)} MiB of memory, more than the ${memoryMb} MiB of its slot, and its process was ended. Raise perTrial.memoryMb, or let it use less.`)),
        )
      }
    },
    async kill() {
      problem ??= crashed(`Child process ${child.pid} was ended.`)
      setReferenced(child, true)
      signal('SIGKILL')
      await gone
    },
    gone,
    hold: process.platform === 'win32' ? undefined : () => {
      if (exited || child.pid === undefined) return () => undefined
      const release = guardHeld(child.pid)
      signal('SIGSTOP')
      return () => {
        signal('SIGCONT')
        release()
      }
    },
  }
}

/** Why a child has ended. */
function reasonOf(code: number | null, signal: NodeJS.Signals | null, printed: LastOutput, killsBefore: number | undefined): AttuneError {
  const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`
  const details = { code, signal }
  if (/heap out of memory|Allocation failed|std::bad_alloc|Cannot allocate memory/i.test(printed.text)) return new AttuneError('OUT_OF_MEMORY', `The process of the trial ran out of memory and ${how}. Raise perTrial.memoryMb, or let it use less.${printed.told}`, { details })
  if (signal === 'SIGKILL') {
    const kills = kernelKills()
    if (kills !== undefined && killsBefore !== undefined && kills > killsBefore) return new AttuneError('OUT_OF_MEMORY', `The system ran out of memory and ended the process of the trial. Run fewer trials at once, or limit each by perTrial.memoryMb.${printed.told}`, { details })
  }
  return new AttuneError('TRIAL_CRASHED', `The process of the trial ${how} before the trial did.${printed.told}`, { details })
}

/** Whether the child keeps this process alive. */
function setReferenced(child: ChildProcess, referenced: boolean): void {
  const method = referenced ? 'ref' : 'unref'
  child[method]()
  for (const stream of child.stdio ?? []) (stream as { ref?(): void; unref?(): void } | null)?.[method]?.()
}
