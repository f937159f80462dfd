import { Worker } from 'node:worker_threads'
import { AttuneError } from '@attune/core'
import { echo } from './echo.ts'
import { runnerVariable } from './environment.ts'
import { parseResponse } from './protocol.ts'
import { LastOutput, messageOf, type Runner, type RunnerEvents } from './runner.ts'

export interface ThreadSettings {
  readonly memoryMb: number | undefined
  readonly roots: readonly string[]
}

/** Starts a worker thread that runs trials. */
export function startThread(settings: ThreadSettings, events: RunnerEvents): Runner {
  const { memoryMb } = settings
  // The same ending as this file: TypeScript from the sources, JavaScript from the package.
  const program = import.meta.url.endsWith('.ts') ? new URL('./child/thread-main.ts', import.meta.url) : new URL('./child/thread-main.js', import.meta.url)
  const worker = new Worker(program, {
    env: { ...process.env, ATTUNE_CPUS: '1', [runnerVariable]: '1' },
    stdout: true,
    stderr: true,
    ...(memoryMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: memoryMb } }),
  })
  const name = `thread ${worker.threadId}`
  const printed = new LastOutput()
  const { promise: gone, resolve: markGone } = Promise.withResolvers<void>()
  let problem: Error | undefined
  let exited = false
  worker.stdout.setEncoding('utf8').on('data', (text: string) => echo(process.stdout, text))
  worker.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed.push(text)
    echo(process.stderr, text)
  })
  worker.on('message', (message: unknown) => {
    if (problem !== undefined) return
    try {
      const response = parseResponse(message)
      if (response === undefined) throw new Error('It is of no known form.')
      events.message(response)
    } catch (error) {
      problem = new AttuneError('TRIAL_CRASHED', `The ${name} of the trial sent something that is no message, and was ended. ${messageOf(error)}${printed.told}`)
      void worker.terminate()
    }
  })
  worker.on('messageerror', (error) => {
    problem ??= new AttuneError('TRIAL_CRASHED', `The ${name} of the trial sent something that cannot be read: ${error.message}.`)
    void worker.terminate()
  })
  worker.on('error', (error: unknown) => {
    const memory = (error as { readonly code?: unknown } | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY'
    const stack = error instanceof Error ? (error.stack ?? error.message) : messageOf(error)
    problem ??= memory
      ? new AttuneError('OUT_OF_MEMORY', `The thread of the trial ran out of memory. Raise perTrial.memoryMb, or let it use less.${printed.told}`, { cause: error })
      : new AttuneError('TRIAL_CRASHED', `The thread of the trial ended by an error that nothing caught: ${stack}${printed.told}`, { cause: error })
  })
  worker.on('exit', (code) => {
    exited = true
    events.ended(problem ?? new AttuneError('TRIAL_CRASHED', `The thread of the trial exited with code ${code} before the trial did.${printed.told}`, { details: { code } }))
    markGone()
  })
  worker.postMessage({ type: 'begin', roots: settings.roots, maxBytes: Number.MAX_SAFE_INTEGER })
  worker.unref()

  return {
    name,
    get alive() {
      return !exited
    },
    send: (request) => worker.postMessage(request),
    busy(running) {
      if (running) printed.clear()
      worker[running ? 'ref' : 'unref']()
    },
    async kill() {
      problem ??= new AttuneError('TRIAL_CRASHED', `The ${name} of the trial was ended.`)
      worker.ref()
      await worker.terminate()
      await gone
    },
    gone,
    hold: undefined,
  }
}
