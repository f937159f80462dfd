import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onnxError } from './errors.ts'
import { memoryLimitPassed, parseResponse, type RequestBody } from './protocol.ts'

/** All that the child gets of the environment: what libraries and drivers are found with, and nothing secret. */
const allowedVariables = [
  'PATH', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'TMPDIR', 'TEMP', 'TMP', 'LANG', 'LC_ALL', 'TZ',
  'SystemRoot', 'windir', 'CUDA_PATH', 'CUDA_VISIBLE_DEVICES', 'VK_ICD_FILENAMES', 'VK_DRIVER_FILES',
] as const

/** How much of what the child printed is kept for the message of a crash. */
const keptOutput = 4000

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds. */
  readonly timeout: number
}

/**
 * A child process that runs models, started at the first request and again after it was ended. Requests are answered
 * one after the other. An abort, a time-out and `close` kill the child; it also ends when this process does, however
 * that comes, and it does not keep this process alive between requests.
 */
export interface RuntimeProcess {
  /**
   * Rejects with the code that the child gave, or with ONNX_ABORTED, ONNX_TIMEOUT, ONNX_MEMORY, ONNX_CRASHED or ONNX_PROTOCOL;
   * after these five the next request starts another child.
   */
  request(body: RequestBody, options: RequestOptions): Promise<unknown>
  /** The child's process id, undefined while there is none. */
  readonly pid: number | undefined
  /** Kills the child, gives up the requests that wait for it, and resolves once it is gone. A later request starts another. */
  close(): Promise<void>
}

/**
 * @param preamble What a fresh child is told before its first request.
 * @param maxMemoryBytes A child that takes more is ended.
 */
export function createRuntimeProcess(preamble: readonly RequestBody[] = [], maxMemoryBytes: number = Infinity): RuntimeProcess {
  let child: StartedChild | undefined
  let tail: Promise<unknown> = Promise.resolve()
  /** Times that it was closed: what waited meanwhile would start a child that nobody closes. */
  let closings = 0

  async function perform(body: RequestBody, options: RequestOptions): Promise<unknown> {
    const current = child?.isAlive() ? child : (child = startChild(maxMemoryBytes))
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), options.timeout)
    const stopped = options.signal ? AbortSignal.any([options.signal, deadline.signal]) : deadline.signal
    let prepared = false
    try {
      for (const first of current.takePreamble(preamble)) await current.ask(first, stopped)
      prepared = true
      return await current.ask(body, stopped)
    } catch (error) {
      if (stopped.aborted || !prepared || !current.isUsable()) await current.kill()
      if (options.signal?.aborted) throw onnxError('ONNX_ABORTED', 'The evaluation was aborted and its process ended.', {}, options.signal.reason)
      if (deadline.signal.aborted) throw onnxError('ONNX_TIMEOUT', `ONNX Runtime did not answer within ${options.timeout} ms and its process was ended. Raise "timeout", or use fewer rows or latency runs.`, { timeout: options.timeout })
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    get pid() {
      return child?.isAlive() ? child.pid : undefined
    },
    async request(body, options) {
      const { signal } = options
      let begun = false
      const since = closings
      const { promise: givenUp, reject } = Promise.withResolvers<never>()
      // Once begun, an abort is answered when the child is gone; until then nothing has to be waited for.
      const onAbort = (): void => {
        if (!begun) reject(onnxError('ONNX_ABORTED', 'The evaluation was aborted before it began.', {}, signal?.reason))
      }
      const result = tail.then(async () => {
        if (signal?.aborted) return undefined // nobody waits for this: `givenUp` was rejected
        begun = true
        if (closings !== since) throw released()
        return perform(body, options)
      })
      tail = result.catch(() => undefined) // whoever asked gets the rejection through `result`
      signal?.addEventListener('abort', onAbort)
      if (signal?.aborted) onAbort()
      try {
        return await Promise.race([givenUp, result])
      } finally {
        signal?.removeEventListener('abort', onAbort)
      }
    },
    async close() {
      closings++
      await child?.kill()
    },
  }
}

interface StartedChild {
  readonly pid: number | undefined
  isAlive(): boolean
  /** False once the child said something that it should not have. */
  isUsable(): boolean
  takePreamble(preamble: readonly RequestBody[]): readonly RequestBody[]
  ask(body: RequestBody, stopped: AbortSignal): Promise<unknown>
  kill(): Promise<void>
}

function startChild(maxMemoryBytes: number): StartedChild {
  const fromSource = import.meta.url.endsWith('.ts')
  // The same ending as this file: TypeScript from the sources, JavaScript from the package.
  const program = fromSource ? new URL('./child/main.ts', import.meta.url) : new URL('./child/main.js', import.meta.url)
  const child = fork(fileURLToPath(program), [String(maxMemoryBytes)], {
    serialization: 'advanced',
    // Standard input is how the child notices that this process is gone.
    stdio: ['pipe', 'ignore', 'pipe', 'ipc'],
    env: Object.fromEntries(allowedVariables.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))),
    execArgv: fromSource ? ['--conditions=attune-source', '--disable-warning=ExperimentalWarning'] : [],
  })
  let printed = ''
  let end: Error | undefined
  let usable = true
  let greeted = false
  let nextId = 1
  let rejectCurrent: ((reason: unknown) => void) | undefined
  const { promise: exited, resolve: markExited } = Promise.withResolvers<void>()
  const finish = (reason: Error): void => {
    end ??= reason
    rejectCurrent?.(end)
    markExited()
  }
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (printed = (printed + text).slice(-keptOutput)))
  child.on('error', (cause) => finish(onnxError('ONNX_CRASHED', `The process for ONNX Runtime cannot be started: ${cause.message}.`, {}, cause)))
  child.on('close', (code, signal) => {
    const how = signal === null ? `ended with code ${code}` : `was killed by ${signal}`
    const output = printed.trim()
    if (output.includes(memoryLimitPassed)) {
      finish(onnxError('ONNX_MEMORY', `The process that runs ONNX Runtime took more than ${maxMemoryBytes} bytes of memory and was ended. Use smaller batches or a smaller model, or raise "maxMemoryBytes".`, { maxMemoryBytes }))
      return
    }
    finish(onnxError('ONNX_CRASHED', `The process that runs ONNX Runtime ${how}.${output ? ` It printed: ${output}` : ' A model may have used up the memory.'}`, { code, signal }))
  })
  setReferenced(child, false)

  async function ask(body: RequestBody, stopped: AbortSignal): Promise<unknown> {
    const id = nextId++
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const onMessage = (message: unknown): void => {
      const response = parseResponse(message)
      if (response === undefined || response.id !== id) {
        usable = false
        reject(onnxError('ONNX_PROTOCOL', 'The process that runs ONNX Runtime sent something that is no answer.'))
      } else if (response.ok) resolve(response.value)
      else reject(onnxError(response.error.code, response.error.message))
    }
    const onAbort = (): void => reject(stopped.reason)
    rejectCurrent = reject
    child.on('message', onMessage)
    stopped.addEventListener('abort', onAbort)
    setReferenced(child, true)
    try {
      stopped.throwIfAborted()
      // It cannot be sent to a child that is gone or about to go: "close" says why.
      child.send({ ...body, id }, (error) => error && child.kill('SIGKILL'))
      return await promise
    } finally {
      rejectCurrent = undefined
      child.off('message', onMessage)
      stopped.removeEventListener('abort', onAbort)
      setReferenced(child, false)
    }
  }

  return {
    pid: child.pid,
    isAlive: () => end === undefined && child.exitCode === null && child.signalCode === null,
    isUsable: () => usable,
    takePreamble(preamble) {
      if (greeted) return []
      greeted = true
      return preamble
    },
    ask,
    async kill() {
      end ??= released()
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      setReferenced(child, true)
      await exited
    },
  }
}

function released(): Error {
  return onnxError('ONNX_ABORTED', 'The evaluation was ended because its evaluator was released.')
}

/** Whether the child keeps this process alive. */
function setReferenced(child: ChildProcess, referenced: boolean): void {
  const method = referenced ? 'ref' : 'unref'
  child[method]()
  child.channel?.[method]()
  for (const stream of [child.stdin, child.stderr]) (stream as { ref?(): void; unref?(): void } | null)?.[method]?.()
}
