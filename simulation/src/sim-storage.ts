import type { Awaitable, Change, KeepAlive, Operation, Storage, StudyDefinition, StudySummary, WriteRequest, WriteResult } from '@attune/core'
import type { Oracle } from './oracle.ts'
import type { SimProcess } from './sim-process.ts'
import { never, type Action, type World } from './world.ts'

/** What may go wrong between a process and its storage. */
export interface StorageFaults {
  /** Chance that a call fails before it has any effect. */
  before: number
  /** Chance that an answer is lost after the effect. */
  lost: number
  /** Nothing gets through before this instant. */
  downUntil: number
}

export interface SimStorageParts {
  readonly world: World
  readonly process: SimProcess
  readonly real: Storage
  readonly oracle: Oracle
  readonly faults: StorageFaults
  /** Longest way of a request or an answer, in milliseconds. */
  readonly latency: number
  /** `file`: requests take effect in the process itself. `server`: a request on its way takes effect also if its sender dies. `sync`: answered at once. */
  readonly kind: 'file' | 'server' | 'sync'
  /** Leases are renewed by a thread. */
  readonly thread: boolean
  /** Alters a request before the real storage sees it: how broken twins are made. */
  readonly alter?: ((request: WriteRequest) => WriteRequest) | undefined
}

/** A call that got no answer. */
export class NoAnswer extends Error {
  constructor(why: string) {
    super(`sim: ${why}`)
  }
}

/** A real storage at the far end of a wire that loses and delays what is sent. */
export class SimStorage implements Storage {
  readonly specVersion = 'v1' as const
  readonly persistent = true
  readonly keepAlive?: NonNullable<Storage['keepAlive']>
  readonly #parts: SimStorageParts
  /** Tokens that the thread renews, with their trials. */
  readonly #leased = new Map<string, number>()
  #renewals = 0

  constructor(parts: SimStorageParts) {
    this.#parts = parts
    if (parts.thread) this.keepAlive = (studyId, session, milliseconds) => this.#startThread(studyId, session, milliseconds)
  }

  createStudy(definition: StudyDefinition, requestId: string): Awaitable<StudySummary | undefined> {
    return this.#call('createStudy', () => this.#parts.real.createStudy(definition, requestId))
  }

  findStudy(name: string): Awaitable<StudySummary | undefined> {
    return this.#call('findStudy', () => this.#parts.real.findStudy(name))
  }

  listStudies(): Awaitable<readonly StudySummary[]> {
    return this.#call('listStudies', () => this.#parts.real.listStudies())
  }

  copyStudy(name: string, as: string, requestId: string): Awaitable<StudySummary | undefined> {
    return this.#call('copyStudy', () => this.#parts.real.copyStudy(name, as, requestId))
  }

  deleteStudy(name: string, requestId: string): Awaitable<boolean> {
    return this.#call('deleteStudy', () => this.#parts.real.deleteStudy(name, requestId))
  }

  write(studyId: string, request: WriteRequest): Awaitable<WriteResult> {
    return this.#call(request.operations.map(labelOf).join('+'), () => this.#apply(studyId, request), (result) => this.#parts.oracle.acknowledged(result))
  }

  changesSince(studyId: string, revision: number, limit?: number): Awaitable<readonly Change[]> {
    return this.#call(`changes since ${revision}`, () => this.#parts.real.changesSince(studyId, revision, limit))
  }

  close(): void {}

  #apply(studyId: string, request: WriteRequest): Awaitable<WriteResult> {
    const { real, oracle, process, world, alter } = this.#parts
    let answer: Awaitable<WriteResult>
    try {
      answer = real.write(studyId, alter === undefined ? request : alter(request))
    } catch (error) {
      answer = Promise.reject(error)
    }
    const seen = (result: WriteResult): WriteResult => {
      oracle.applied(process, request, result)
      world.trace(`${process.name} ${result.ok ? `stored up to ${result.changes.at(-1)?.revision ?? '-'}` : `refused: ${result.refusal.reason}`}`)
      if (result.ok) this.#lease(request, result)
      return result
    }
    if (!('then' in answer)) return seen(answer)
    return Promise.resolve(answer).then(seen, async (error: unknown) => {
      // It failed, or its process died, after the commit or before: the file tells.
      const changes = await real.changesSince(studyId, oracle.log.length)
      if (changes.length > 0) seen({ ok: true, changes })
      else oracle.failed(request)
      throw error as Error
    })
  }

  #lease({ operations }: WriteRequest, { changes }: WriteResult & { readonly ok: true }): void {
    for (const operation of operations) {
      if ((operation.type === 'finish' || operation.type === 'pause') && operation.token !== undefined) this.#leased.delete(operation.token)
      if ((operation.type !== 'create' && operation.type !== 'claim') || operation.lease === undefined) continue
      const body = changes.find(({ body: { type } }) => type === operation.type)?.body
      if (body?.type === 'create' || body?.type === 'claim') this.#leased.set(operation.lease.token, body.number)
    }
  }

  #startThread(studyId: string, session: string, milliseconds: number): KeepAlive {
    const { world, process, faults } = this.#parts
    let stopped = false
    const renew = async (): Promise<void> => {
      if (stopped) return
      again()
      if (world.now < faults.downUntil) return
      for (const [token, number] of this.#leased) {
        if (!token.startsWith(`${session}/`)) continue
        try {
          const result = await this.#apply(studyId, { id: `thread ${session} ${++this.#renewals}`, operations: [{ type: 'renew', number, token, milliseconds }] })
          if (!result.ok) this.#leased.delete(token)
        } catch (error) {
          if (!(error instanceof NoAnswer)) throw error // Those are tried again in time.
        }
      }
    }
    let next: Action | undefined
    const again = (): void => {
      next = world.add({ at: world.now + Math.floor(milliseconds / 3), process, thread: true, label: 'thread renews', run: renew })
    }
    again()
    return {
      forget: (token) => void this.#leased.delete(token),
      stop: () => {
        stopped = true
        if (next !== undefined) world.cancel(next)
      },
    }
  }

  #call<T>(label: string, work: () => Awaitable<T>, delivered: (answer: T) => void = () => undefined): Awaitable<T> {
    const { world, process, faults, latency, kind } = this.#parts
    if (!process.alive) return never<T>()
    const { dice } = world
    if (kind === 'sync') {
      if (world.now < faults.downUntil || dice.chance(faults.before)) throw new NoAnswer('not stored')
      const answer = work() as T
      if (!process.alive) return never<T>()
      if (dice.chance(faults.lost)) throw new NoAnswer('stored, but the answer was lost')
      delivered(answer)
      return answer
    }
    return new Promise<T>((resolve, reject) => {
      const wait = (): number => world.now + Math.floor(dice.between(0, latency))
      const reply = (what: string, run: () => void): void => {
        if (process.alive) world.add({ at: wait(), process, label: `← ${label}: ${what}`, run })
      }
      world.add({
        at: wait(),
        process: kind === 'file' ? process : undefined,
        label: `${process.name} → ${label}`,
        run: async () => {
          if (world.now < faults.downUntil || dice.chance(faults.before)) return reply('no connection', () => reject(new NoAnswer('not stored')))
          let answer: T
          try {
            answer = await work()
          } catch (error) {
            return reply('failed', () => reject(error))
          }
          if (dice.chance(faults.lost)) return reply('lost', () => reject(new NoAnswer('stored, but the answer was lost')))
          reply('answered', () => {
            delivered(answer)
            resolve(answer)
          })
        },
      })
    })
  }
}

function labelOf(operation: Operation): string {
  switch (operation.type) {
    case 'create':
      return `create ${operation.expect ?? '?'}`
    case 'report':
    case 'checkpoint':
      return `${operation.type} ${operation.number}@${operation.step}`
    case 'session':
      return `session ${operation.phase}`
    case 'finish':
      return `finish ${operation.number} ${operation.outcome.state}${operation.requeue === true ? ' requeue' : ''}`
    default:
      return 'number' in operation && operation.number !== undefined ? `${operation.type} ${operation.number}` : operation.type
  }
}
