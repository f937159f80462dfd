import { constants } from 'node:fs'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { transition, type ArtifactStore, type Storage, type Transition } from '@attune/core'
import { Leases } from '../../packages/core/src/study/leases.ts'
import { LoggerPump } from '../../packages/core/src/study/logger-pump.ts'
import { Place, PlainStorage, type Hooks } from '../../packages/testing/src/broken/plain-storage.test-support.ts'
import type { Twin } from './simulation.ts'

/** A part that breaks a promise, and how that shows. */
export interface BrokenPart {
  /** What the first violation may name: a breach has consequences, and some show before it. */
  readonly shows: readonly string[]
  /** It must be found within so many seeds. */
  readonly seeds: number
  readonly make: () => { readonly twin: Twin; readonly undo?: () => void }
}

/** The plain storage of the conformance suites, deciding in virtual time and by altered rules. */
function plain(hooks: (now: () => number) => Partial<Hooks>): Twin {
  return { scenario: { storage: 'server' }, storage: (world): Storage => new PlainStorage(new Place(), { now: () => world.now, decide: (operation, heads) => transition(operation, heads, world.now), ...hooks(() => world.now) }) }
}

/** Keeps artefacts by writing over them where they lie, and gives them without a look at their hash. */
function inPlace(folder: string): NonNullable<Twin['artifacts']> {
  return (files, process): ArtifactStore => {
    const disk = files.of(process)
    const pathOf = (hash: string): string => join(folder, hash.slice(0, 2), hash)
    return {
      specVersion: 'v1',
      persistent: true,
      async put(bytes) {
        const hash = createHash('sha256').update(bytes).digest('hex')
        await disk.mkdir(join(folder, hash.slice(0, 2)), { recursive: true })
        const file = await disk.open(pathOf(hash), constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC)
        await file.writeFile(bytes)
        await file.close()
        return hash
      },
      async get(hash) {
        try {
          const file = await disk.open(pathOf(hash), constants.O_RDONLY)
          return new Uint8Array(await file.readFile())
        } catch {
          return undefined // Absent.
        }
      },
      list: () => [],
      release: () => false,
      delete: () => false,
    }
  }
}

export const twins = {
  ignoresTokens: {
    shows: ['P4', 'steps', 'P3'],
    seeds: 100,
    make: () => ({ twin: { alter: (request, oracle) => ({ ...request, operations: request.operations.map((operation) => ('token' in operation ? { ...operation, token: oracle.tokenOf(operation.number) ?? operation.token } : operation)) }) } }),
  },
  requeuesTwice: {
    shows: ['P5'],
    seeds: 10,
    make: () => ({ twin: plain((now) => ({ decide: (operation, heads): Transition => {
      const decided = transition(operation, heads, now())
      return operation.type === 'sweep' && decided.ok ? { ...decided, bodies: decided.bodies.flatMap((body) => [body, body]) } : decided
    } })) }),
  },
  sweepsTheLiving: {
    shows: ['P5'],
    seeds: 10,
    make: () => ({ twin: plain((now) => ({ decide: (operation, heads) => transition(operation, heads, operation.type === 'sweep' ? now() + 3_600_000 : now()) })) }),
  },
  forgetsRequests: {
    shows: ['P7', 'P2', 'budget', 'P17', 'P5'],
    seeds: 30,
    make: () => {
      let requests = 0
      return { twin: { scenario: { calm: false }, alter: (request) => ({ ...request, id: `${request.id} ${++requests}` }) } }
    },
  },
  ignoresExpectedNumbers: {
    shows: ['budget', 'P2', 'P1', 'steps', 'P4', 'P16', 'P17'],
    seeds: 200,
    make: () => ({ twin: { alter: (request) => ({ ...request, operations: request.operations.map((operation) => {
      if (operation.type !== 'create') return operation
      const { expect: _, ...rest } = operation
      return rest
    }) }) } }),
  },
  endsTrialsAgain: {
    shows: ['P3', 'P4', 'P5'],
    seeds: 60,
    make: () => ({ twin: plain((now) => ({ decide: (operation, heads): Transition => {
      const head = operation.type === 'finish' ? heads.get(operation.number) : undefined
      if (operation.type !== 'finish' || head === undefined || head.state === 'running') return transition(operation, heads, now())
      const { token: _, ...body } = operation
      return { ok: true, bodies: [body], heads: [{ ...head, state: operation.outcome.state }] }
    } })) }),
  },
  writesInPlace: {
    shows: ['P14'],
    seeds: 60,
    make: () => ({ twin: { scenario: { artifacts: true, storage: 'server', calm: false }, artifacts: inPlace('/disk/store') } }),
  },
  forgetsEvents: {
    shows: ['P13'],
    seeds: 10,
    make: () => {
      const { push } = LoggerPump.prototype
      LoggerPump.prototype.push = function (event) {
        if (event.revision % 10 !== 0) push.call(this, event)
      }
      return { twin: {}, undo: () => void (LoggerPump.prototype.push = push) }
    },
  },
  forgetsWhatIsShared: {
    shows: ['P13'],
    seeds: 10,
    make: () => ({ twin: { forgetful: true } }),
  },
  renewsNothing: {
    shows: ['P6'],
    seeds: 100,
    make: () => ({ twin: { scenario: { calm: true, thread: false } } }),
  },
  forgetsToRelease: {
    shows: ['P16', 'P4', 'P17'],
    seeds: 10,
    make: () => {
      const { release } = Leases.prototype
      Leases.prototype.release = () => undefined
      return { twin: {}, undo: () => void (Leases.prototype.release = release) }
    },
  },
} satisfies { readonly [name: string]: BrokenPart }
