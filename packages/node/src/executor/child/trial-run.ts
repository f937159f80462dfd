import type { Artifact, Report, TrainerTrial, TrainingResult } from '@attune/core'
import { cut, type Request, type Response, type RunRequest, type WireArtifact, type WireError, type WireMetrics, type WireResult } from '../protocol.ts'
import { trainingOf } from '../training.ts'
import { refusal, wireError } from './wire-error.ts'

type RunMessage = Extract<Request, { readonly run: number }>

/** One trial in a thread or child process. */
export class TrialRun {
  readonly #request: RunRequest
  readonly #send: (response: Response) => void
  readonly #training: AsyncGenerator<Report, TrainingResult, void>
  readonly #controller = new AbortController()
  readonly #artifacts: Artifact[] = []
  readonly #attributes = new Map<number, (error: WireError | undefined) => void>()
  #nextAttribute = 0
  #checkpoint: Report['checkpoint']

  /** @param load Answers the export that the request names. */
  constructor(request: RunRequest, load: () => Promise<unknown>, send: (response: Response) => void) {
    this.#request = request
    this.#send = send
    const trial = this.#trial()
    this.#training = (async function* () {
      return yield* trainingOf(await load(), trial)
    })()
  }

  get run(): number {
    return this.#request.run
  }

  /** Acts on a message for this trial. Never rejects: what goes wrong is told. */
  async receive(message: RunMessage): Promise<void> {
    switch (message.type) {
      case 'next':
        return this.#advance(() => this.#training.next())
      case 'stop':
        return this.#advance(async () => {
          const { done } = await this.#training.return(undefined)
          if (done !== true) throw refusal('OPTION', 'The training yielded a report while it was stopped: `finally` blocks must not yield.')
          return { done: true, value: undefined }
        })
      case 'abort':
        this.#controller.abort(refusal('TRIAL_STOPPED', message.reason))
        return
      case 'kept':
        this.#attributes.get(message.id)?.(message.error)
        return
      case 'checkpoint':
        return this.#answer(message.id, async () => bytesOf(await this.#checkpoint?.(), 'INVALID_CHECKPOINT', 'The checkpoint'))
      case 'bytes':
        return this.#answer(message.id, async () => bytesOf(await this.#artifacts[message.artifact]!.bytes(), 'INVALID_CHECKPOINT', 'The artefact'))
      case 'as':
        return this.#answer(message.id, async () => this.#keep(await this.#artifacts[message.artifact]!.as(message.kind)))
      case 'run':
      case 'end': // The runner's own.
    }
  }

  async #advance(step: () => Promise<IteratorResult<Report, TrainingResult>>): Promise<void> {
    this.#checkpoint = undefined
    try {
      const { done, value } = await step()
      if (done === true) this.#send({ type: 'done', run: this.run, result: this.#result(value) })
      else this.#report(value)
    } catch (error) {
      this.#send({ type: 'failed', run: this.run, error: wireError(error) })
    }
  }

  #report(report: unknown): void {
    if (typeof report !== 'object' || report === null) throw refusal('INVALID_METRIC', `The training yielded ${report === null ? 'null' : `a value of type ${typeof report}`}: yield reports, as in { step: 1, loss: 0.5 }.`)
    const { step, checkpoint, ...metrics } = report as Report
    if (typeof step !== 'number') throw refusal('INVALID_STEP', `A report needs an integer "step", got ${String(step)}: yield { step: epoch, … }.`)
    this.#checkpoint = checkpoint
    this.#send({ type: 'report', run: this.run, step, metrics: wireMetrics(metrics), checkpoint: checkpoint !== undefined })
  }

  #result(value: unknown): WireResult {
    if (value === undefined || value === null) return { type: 'nothing' }
    if (typeof value === 'number') return { type: 'number', value }
    if (typeof value !== 'object' || Array.isArray(value)) throw refusal('INVALID_METRIC', `The training returned a value of type ${Array.isArray(value) ? 'array' : typeof value}: return a number, metrics, an artefact or nothing.`)
    if (Symbol.iterator in value) throw refusal('INVALID_METRIC', 'The function returned a generator that is not asynchronous: write it as async function*.')
    if (typeof (value as Partial<Artifact>).bytes === 'function') return { type: 'artifact', artifact: this.#keep(value as Artifact) }
    return { type: 'metrics', metrics: wireMetrics(value as { readonly [metric: string]: unknown }) }
  }

  /** Artefacts stay here until the trial ends: their bytes cross only when they are wanted. */
  #keep(artifact: Artifact): WireArtifact {
    return { index: this.#artifacts.push(artifact) - 1, kind: cut(String(artifact.kind)), meta: artifact.meta }
  }

  async #answer(id: number, make: () => Promise<Uint8Array | WireArtifact>): Promise<void> {
    try {
      this.#send({ type: 'answer', run: this.run, id, value: await make() })
    } catch (error) {
      this.#send({ type: 'refused', run: this.run, id, error: wireError(error) })
    }
  }

  #trial(): TrainerTrial {
    const { study, number, attempt, params, seed, toStep, resumeFrom } = this.#request
    const refused = (name: string): never => {
      throw refusal('SPACE_DECLARED', `Parameter "${name}" was asked for while running, but this code runs in a thread or process of its own: declare the space in createStudy and read trial.params, or run it in this process, with concurrency: 'shared' in fromModule(…) and no other executor.`)
    }
    const trial: TrainerTrial = {
      ...(study === undefined ? {} : { study }),
      number,
      attempt,
      params,
      seed,
      toStep,
      resumeFrom: resumeFrom === undefined ? undefined : { step: resumeFrom.step, bytes: new Uint8Array(resumeFrom.bytes) },
      signal: this.#controller.signal,
      warn: (message) => this.#send({ type: 'warn', run: this.run, message: cut(String(message)) }),
      setAttribute: (key, value) => this.#kept((id) => this.#send({ type: 'attribute', run: this.run, id, key: cut(String(key)), value })),
      setArtifact: (name, bytes, { kind, meta } = {}) => this.#kept((id) => this.#send({ type: 'attach', run: this.run, id, name: cut(String(name)), bytes: bytesOf(bytes, 'OPTION', `The artefact "${String(name)}"`), kind: kind === undefined ? undefined : cut(String(kind)), meta })),
    }
    return Object.assign(trial, { float: refused, int: refused, choice: refused, ordinal: refused, boolean: refused, constant: refused })
  }

  /** Resolves once the study has kept what is sent. */
  async #kept(send: (id: number) => void): Promise<void> {
    const id = this.#nextAttribute++
    const kept = new Promise<WireError | undefined>((resolve) => this.#attributes.set(id, resolve))
    try {
      send(id)
      const error = await kept
      if (error !== undefined) throw refusal(error.code ?? 'NOT_JSON', error.message)
    } finally {
      this.#attributes.delete(id)
    }
  }
}

/** Metrics that are not numbers are refused here, with the words of core: only numbers cross. */
function wireMetrics(metrics: { readonly [metric: string]: unknown }): WireMetrics {
  return Object.entries(metrics).flatMap(([name, value]) => {
    if (typeof value === 'number') return [[name, value] as const]
    if (value === undefined) return []
    const promised = typeof value === 'object' && value !== null && 'then' in value
    throw refusal('INVALID_METRIC', `Metric "${name}" is ${promised ? 'a promise: await it before you return or report it' : `${typeof value === 'object' ? 'an object' : JSON.stringify(value)}: metrics are numbers`}.`)
  })
}

function bytesOf(value: unknown, code: string, what: string): Uint8Array {
  if (value instanceof Uint8Array) return new Uint8Array(value) // Of a view on a larger buffer, only what is seen.
  throw refusal(code, `${what} is ${value === null ? 'null' : `of type ${typeof value}`}: answer its bytes as a Uint8Array.`)
}
