import { AttuneError, type Artifact, type Json, type Report, type TrainerTrial, type TrainingResult } from '@attune/core'
import type { Request, Response, RunRequest, WireArtifact, WireError, WireMetrics, WireResult } from './protocol.ts'
import type { Runner } from './runner.ts'

type Turn = Extract<Response, { readonly type: 'report' | 'done' | 'failed' }>
type Asked = Extract<Response, { readonly type: 'answer' | 'refused' | 'ended' }>

/** What a pool lets a trial do: wait until it may compute, and tell when it computes and when not. */
export interface Gate {
  open(signal: AbortSignal): Promise<void>
  changed(): void
}

/** The study's side of one trial in a thread or child process. Its owner pulls reports, then ends it. */
export class RemoteTrial {
  readonly #runner: Runner
  readonly #request: RunRequest
  readonly #trial: TrainerTrial
  readonly #gate: Gate
  readonly #asked = new Map<number, PromiseWithResolvers<Uint8Array | WireArtifact>>()
  readonly #ended = Promise.withResolvers<void>()
  #turn: PromiseWithResolvers<Turn> | undefined
  #nextId = 0
  #began = false
  /** The training is over: it was answered, failed, or its child is gone. */
  #over = false
  #gone: Error | undefined
  #stopping = false
  #checkpoints = 0
  #release: (() => void) | undefined

  constructor(runner: Runner, request: RunRequest, trial: TrainerTrial, gate: Gate) {
    this.#runner = runner
    this.#request = request
    this.#trial = trial
    this.#gate = gate
    this.#ended.promise.catch(() => undefined) // `end` is who minds.
  }

  /** True while code of the trial runs. */
  get computing(): boolean {
    return this.#turn !== undefined || this.#checkpoints > 0
  }

  /** True if nothing of the trial runs any more, and its child is well. */
  get over(): boolean {
    return this.#gone === undefined && (this.#over || !this.#began)
  }

  /** True while its child is kept from computing. */
  get held(): boolean {
    return this.#release !== undefined
  }

  /** Keeps its child from computing until the answer is called, or the trial should end. Undefined where that cannot be done, and for one that ends. */
  hold(): (() => void) | undefined {
    const release = this.#stopping || this.#trial.signal.aborted ? undefined : this.#runner.hold?.()
    if (release === undefined) return undefined
    this.#release = () => {
      this.#release = undefined
      release()
    }
    return () => this.#release?.()
  }

  /** The next report, or the result. Rejects with what the training threw, and with what ended its child. */
  async next(): Promise<IteratorResult<Report, TrainingResult>> {
    const { signal } = this.#trial
    await this.#gate.open(signal)
    if (!this.#began) {
      if (signal.aborted) return { done: true, value: undefined }
      this.#began = true
      this.#send(this.#request)
      const abort = (): void => {
        this.#release?.()
        if (!this.#over) this.#send({ type: 'abort', run: this.#request.run, reason: signal.reason instanceof Error ? signal.reason.message : 'The trial should end.' })
      }
      signal.addEventListener('abort', abort, { once: true })
    }
    const turn = await this.#ask('next')
    if (turn.type === 'report') return { done: false, value: this.#report(turn) }
    return { done: true, value: turn.type === 'done' ? this.#result(turn.result) : undefined }
  }

  /** Ends a training that waits after a report: its `finally` blocks run. */
  async stop(): Promise<void> {
    if (this.#over || !this.#began) return
    this.#stopping = true
    this.#release?.() // It ends now, whatever is measured.
    await this.#ask('stop')
  }

  /** Frees what the child keeps of the trial. Rejects if the child is gone. */
  async end(): Promise<void> {
    if (!this.#began) return
    this.#send({ type: 'end', run: this.#request.run })
    await this.#ended.promise
  }

  /** Takes what the child says. Throws if it says what it was not asked for. */
  receive(response: Response): void {
    if (response.run !== this.#request.run) return // What an earlier trial left running has no one to hear it.
    switch (response.type) {
      case 'report':
      case 'done':
      case 'failed': {
        const turn = this.#turn
        if (turn === undefined) throw new Error('It reports without being asked.')
        this.#turn = undefined
        this.#over = response.type !== 'report'
        turn.resolve(response)
        this.#gate.changed()
        return
      }
      case 'warn':
        this.#trial.warn(response.message)
        return
      case 'attribute':
        void this.#keep(response.id, () => this.#trial.setAttribute(response.key, response.value as Json))
        return
      case 'attach': {
        const { id, name, bytes, kind, meta } = response
        void this.#keep(id, () => this.#trial.setArtifact(name, bytes, { ...(kind === undefined ? {} : { kind }), ...(meta === undefined ? {} : { meta: meta as Json }) }))
        return
      }
      case 'answer':
      case 'refused':
      case 'ended':
        this.#answered(response)
    }
  }

  /** The child is gone. */
  crashed(error: Error): void {
    this.#gone = error
    this.#turn?.reject(error)
    this.#turn = undefined
    for (const asked of this.#asked.values()) asked.reject(error)
    this.#asked.clear()
    this.#ended.reject(error)
    this.#gate.changed()
  }

  async #ask(type: 'next' | 'stop'): Promise<Turn> {
    if (this.#gone !== undefined) throw this.#gone
    this.#turn = Promise.withResolvers()
    const answer = this.#turn.promise
    this.#send({ type, run: this.#request.run })
    const turn = await answer
    if (turn.type === 'failed') throw revived(turn.error)
    return turn
  }

  #report({ step, metrics, checkpoint }: Extract<Turn, { readonly type: 'report' }>): Report {
    const report = { ...metricsOf(metrics), step }
    return checkpoint ? { ...report, checkpoint: () => this.#checkpoint() } : report
  }

  #result(result: WireResult): TrainingResult {
    switch (result.type) {
      case 'nothing':
        return undefined
      case 'number':
        return result.value
      case 'metrics':
        return metricsOf(result.metrics)
      case 'artifact':
        return this.#artifact(result.artifact)
    }
  }

  #artifact({ index: artifact, kind, meta }: WireArtifact): Artifact {
    return {
      kind,
      ...(meta === undefined ? {} : { meta: meta as Json }),
      bytes: async () => expectBytes(await this.#fetch({ type: 'bytes', artifact })),
      as: async (other) => {
        const answer = await this.#fetch({ type: 'as', artifact, kind: other })
        if (answer instanceof Uint8Array) throw new AttuneError('TRIAL_CRASHED', 'The child answered bytes where an artefact was asked for.')
        return this.#artifact(answer)
      },
    }
  }

  async #checkpoint(): Promise<Uint8Array> {
    await this.#gate.open(this.#trial.signal)
    this.#checkpoints++
    try {
      return expectBytes(await this.#fetch({ type: 'checkpoint' }))
    } finally {
      this.#checkpoints--
      this.#gate.changed()
    }
  }

  async #fetch(what: { readonly type: 'checkpoint' } | { readonly type: 'bytes'; readonly artifact: number } | { readonly type: 'as'; readonly artifact: number; readonly kind: string }): Promise<Uint8Array | WireArtifact> {
    if (this.#gone !== undefined) throw this.#gone
    const id = this.#nextId++
    const asked = Promise.withResolvers<Uint8Array | WireArtifact>()
    this.#asked.set(id, asked)
    this.#send({ ...what, run: this.#request.run, id })
    return asked.promise
  }

  #answered(response: Asked): void {
    if (response.type === 'ended') return this.#ended.resolve()
    const asked = this.#asked.get(response.id)
    if (asked === undefined) throw new Error('It answers what nobody asked.')
    this.#asked.delete(response.id)
    if (response.type === 'answer') asked.resolve(response.value)
    else asked.reject(revived(response.error))
  }

  async #keep(id: number, work: () => Promise<void>): Promise<void> {
    let error: WireError | undefined
    try {
      await work()
    } catch (thrown) {
      const { code, message } = thrown as { readonly code?: unknown; readonly message?: unknown }
      error = { name: 'AttuneError', message: String(message), stack: undefined, code: typeof code === 'string' ? code : undefined, ours: true, thrown: false }
    }
    this.#send({ type: 'kept', run: this.#request.run, id, error })
  }

  #send(request: Request): void {
    if (this.#gone === undefined) this.#runner.send(request)
  }
}

function metricsOf(metrics: WireMetrics): { readonly [metric: string]: number } {
  return Object.fromEntries(metrics)
}

function expectBytes(value: Uint8Array | WireArtifact): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new AttuneError('TRIAL_CRASHED', 'The child answered an artefact where bytes were asked for.')
}

/** What was thrown in the child: an error of ours with its code, another error with its name and stack, or the text of something else. */
function revived({ name, message, stack, code, ours, thrown }: WireError): unknown {
  if (thrown) return message
  const error = ours ? new AttuneError(code ?? 'OPTION', message) : Object.assign(new Error(message), code === undefined ? {} : { code })
  if (!ours) Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true })
  if (stack !== undefined) error.stack = stack
  return error
}
