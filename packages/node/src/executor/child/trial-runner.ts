import { allowedModule } from '../allowed-modules.ts'
import { loadExport } from '../load-export.ts'
import { parseRequest, type Response, type RunRequest } from '../protocol.ts'
import { TrialRun } from './trial-run.ts'
import { refusal, wireError } from './wire-error.ts'

export interface RunnerPort {
  send(response: Response): void
  /** The longest message that may cross, in bytes. */
  limit(maxBytes: number): void
  /** Ends this thread or process. */
  close(): void
}

/** What a thread or child process does with the messages of its study: runs one trial after the other. */
export function createTrialRunner(port: RunnerPort): (message: unknown) => void {
  let roots: readonly string[] = []
  let current: TrialRun | undefined
  const exports = new Map<string, Promise<unknown>>()

  /** What does not fit through is told instead of it. */
  const send = (response: Response): void => {
    try {
      port.send(response)
    } catch (error) {
      const { code, message } = wireError(error)
      const problem = refusal(code === 'MESSAGE_TOO_LARGE' ? code : 'NOT_JSON', `What the training gave cannot cross to the study: ${message}`)
      if (response.type === 'done') port.send({ type: 'failed', run: response.run, error: wireError(problem) })
      else if (response.type === 'answer') port.send({ type: 'refused', run: response.run, id: response.id, error: wireError(problem) })
      else throw problem
    }
  }

  /** A module is loaded once; one that could not be loaded is tried again. */
  const load = ({ url, name }: RunRequest['module']): Promise<unknown> => {
    const key = `${name} ${url}`
    const known = exports.get(key)
    if (known !== undefined) return known
    const loading = allowedExport(url, name, roots)
    exports.set(key, loading)
    loading.catch(() => exports.delete(key))
    return loading
  }

  const close = async (): Promise<void> => {
    for (const loading of exports.values()) {
      try {
        const exported = (await loading) as { readonly release?: () => unknown } | null
        if (typeof exported === 'object') await exported?.release?.()
      } catch (error) {
        // Seen with what the child printed; it ends all the same.
        console.error(error)
      }
    }
    port.close()
  }

  return (message) => {
    const request = parseRequest(message)
    if (request === undefined) throw new Error('The study sent a message that is none.')
    switch (request.type) {
      case 'begin':
        roots = request.roots
        port.limit(request.maxBytes)
        return
      case 'close':
        void close()
        return
      case 'run':
        current = new TrialRun(request, () => load(request.module), send)
        return
      default:
        if (current?.run !== request.run) return
        if (request.type === 'end') {
          current = undefined
          send({ type: 'ended', run: request.run })
        } else void current.receive(request)
    }
  }
}

async function allowedExport(url: string, name: string, roots: readonly string[]): Promise<unknown> {
  const allowed = allowedModule(url, roots)
  const loaded = 'problem' in allowed ? allowed : await loadExport(allowed.url, name)
  if (!('problem' in loaded)) return loaded.exported
  const error = refusal(loaded.code, loaded.problem)
  // Where it was thrown matters, not where it was caught.
  if (loaded.cause instanceof Error) error.stack = `${error.name}: ${error.message}\n${loaded.cause.stack ?? ''}`
  throw error
}
