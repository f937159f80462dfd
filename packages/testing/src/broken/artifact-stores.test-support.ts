import type { ArtifactClaim, ArtifactStore } from '@attune/core'
import type { ArtifactStoreSubject } from '../artifact-store-suite.ts'

interface Broken {
  /** The promise that it breaks. */
  readonly promise?: string
  readonly what: string
  readonly setup: () => ArtifactStoreSubject
  /** Names of the cases that must notice. */
  readonly fails: readonly string[]
}

/** Stores that each break one promise: the suite must notice every one. */
export function brokenArtifactStores(plain: () => ArtifactStore): readonly Broken[] {
  /** A plain store with some methods replaced. */
  const twin = (change: (store: ArtifactStore) => Partial<ArtifactStore>) => (): ArtifactStoreSubject => {
    const store = plain()
    return { store: { ...store, ...change(store) } }
  }
  return [
    {
      what: 'hashes the whole buffer behind a view',
      setup: twin((store) => ({ put: (bytes, claim) => store.put(new Uint8Array(bytes.buffer), claim) })),
      fails: ['stores only the part of a buffer that a view shows'],
    },
    {
      what: 'names bytes by something else than SHA-256',
      setup: twin((store) => ({ put: async (bytes, claim) => `x${(await store.put(bytes, claim)).slice(1)}`, get: () => undefined })),
      fails: [
        'names bytes by their SHA-256',
        'gives back what was put',
        'keeps empty bytes',
        'keeps 5 MB',
        'stores only the part of a buffer that a view shows',
        'stores equal bytes once',
        'is not changed by what happens to the bytes after put',
        'answers copies',
        'lists what is there, each once with its size',
        'deletes, and takes the same bytes again',
        'tells how old bytes are, and makes them young when they are put again',
        'keeps a claim for each session that put the same bytes',
        'releases bytes when the last claim is given up, not before',
        'releases nothing that nobody claims',
        'releases with a claim the old ones of the same study only',
        'loses nothing that is put while it is released or deleted',
        'takes many puts at once',
      ],
    },
    {
      what: 'throws for what is absent',
      setup: twin((store) => ({
        get: async (hash) => {
          const bytes = await store.get(hash)
          if (bytes === undefined) throw new Error(`No artefact ${hash}.`)
          return bytes
        },
      })),
      fails: [
        'answers undefined for what is absent',
        'deletes, and takes the same bytes again',
        'tells how old bytes are, and makes them young when they are put again',
        'releases bytes when the last claim is given up, not before',
        'releases with a claim the old ones of the same study only',
      ],
    },
    {
      what: 'hands out its own bytes',
      setup: () => {
        const store = plain()
        const handed = new Map<string, Uint8Array>()
        return {
          store: {
            ...store,
            get: async (hash) => {
              const bytes = handed.get(hash) ?? (await store.get(hash))
              if (bytes !== undefined) handed.set(hash, bytes)
              return (await store.list()).some((item) => item.hash === hash) ? bytes : undefined
            },
          },
        }
      },
      fails: ['answers copies'],
    },
    {
      what: 'keeps the caller’s bytes instead of a copy',
      setup: () => {
        const store = plain()
        const borrowed = new Map<string, Uint8Array>()
        return {
          store: {
            ...store,
            put: async (bytes, claim) => {
              const hash = await store.put(bytes, claim)
              borrowed.set(hash, bytes)
              return hash
            },
            get: async (hash) => ((await store.get(hash)) === undefined ? undefined : borrowed.get(hash)?.slice()),
          },
        }
      },
      fails: ['is not changed by what happens to the bytes after put'],
    },
    {
      what: 'takes empty bytes for absent ones',
      setup: twin((store) => ({
        get: async (hash) => {
          const bytes = await store.get(hash)
          return bytes?.length === 0 ? undefined : bytes
        },
      })),
      fails: ['keeps empty bytes'],
    },
    {
      what: 'lists what was deleted',
      setup: () => {
        const store = plain()
        const deleted = new Map<string, number>()
        return {
          store: {
            ...store,
            delete: async (hash, options) => {
              const size = (await store.list()).find((item) => item.hash === hash)?.size
              if (size !== undefined) deleted.set(hash, size)
              return store.delete(hash, options)
            },
            list: async (study) => [...(await store.list(study)), ...Array.from(deleted, ([hash, size]) => ({ hash, size, age: 0, claims: [] }))],
          },
        }
      },
      fails: ['deletes, and takes the same bytes again'],
    },
    {
      what: 'loses one of several puts at once',
      setup: () => {
        const store = plain()
        let busy = false
        return {
          store: {
            ...store,
            put: async (bytes, claim) => {
              const overlaps = busy
              busy = true
              await Promise.resolve()
              busy = false
              return overlaps ? 'f'.repeat(64) : store.put(bytes, claim)
            },
          },
        }
      },
      fails: ['takes many puts at once'],
    },
    {
      what: 'says that it is persistent and forgets',
      setup: () => ({ store: { ...plain(), persistent: true }, reopen: () => ({ ...plain(), persistent: true }), damage: () => undefined }),
      fails: ['loses nothing that is put while it is released or deleted', 'keeps everything over a restart if it says that it is persistent', 'answers undefined for what is damaged'],
    },
    {
      promise: 'P14, broken twin: ',
      what: 'gives damaged bytes',
      setup: () => {
        const store = { ...plain(), persistent: true }
        const damaged = new Set<string>()
        const reopened: ArtifactStore = { ...store, get: async (hash) => (damaged.has(hash) ? new Uint8Array(10_000) : store.get(hash)) }
        return { store, reopen: () => reopened, damage: (hash) => void damaged.add(hash) }
      },
      fails: ['answers undefined for what is damaged'],
    },
    {
      what: 'lists what other studies claim as a study’s own',
      setup: twin((store) => ({ list: () => store.list() })),
      fails: ['keeps a claim for each session that put the same bytes'],
    },
    {
      what: 'deletes whatever one of several gave up',
      setup: twin((store) => ({ release: (hash) => store.delete(hash) })),
      fails: ['releases bytes when the last claim is given up, not before', 'releases nothing that nobody claims', 'releases with a claim the old ones of the same study only', 'refuses claims that are not plain names', 'loses nothing that is put while it is released or deleted'],
    },
    {
      what: 'takes a study for all its sessions',
      setup: twin((store) => ({ release: (hash, claim) => store.release(hash, claim, -1) })),
      fails: ['releases with a claim the old ones of the same study only'],
    },
    {
      what: 'never gives up the claims of sessions that have ended',
      setup: twin((store) => ({ release: (hash, claim) => store.release(hash, claim, Infinity) })),
      fails: ['releases with a claim the old ones of the same study only'],
    },
    {
      what: 'forgets claims on bytes that are there already',
      setup: twin((store) => ({ put: async (bytes, claim) => ((await store.list()).some(({ size }) => size > 0 && size === bytes.length) ? store.put(bytes) : store.put(bytes, claim)) })),
      fails: ['keeps a claim for each session that put the same bytes', 'releases bytes when the last claim is given up, not before'],
    },
    {
      what: 'deletes young bytes',
      setup: twin((store) => ({ delete: (hash) => store.delete(hash) })),
      fails: ['tells how old bytes are, and makes them young when they are put again', 'loses nothing that is put while it is released or deleted'],
    },
    {
      what: 'looks whether bytes are claimed some time before it deletes them',
      setup: twin((store) => ({
        release: async (hash, claim, age) => {
          const claims = (await store.list()).find((entry) => entry.hash === hash)?.claims ?? []
          const last = claims.length === 1 && claims[0]?.study === claim.study && claims[0].session === claim.session
          await new Promise((resolve) => setImmediate(resolve))
          return last ? store.delete(hash) : store.release(hash, claim, age)
        },
      })),
      fails: ['loses nothing that is put while it is released or deleted'],
    },
    {
      what: 'takes any text for a claim',
      setup: twin((store) => {
        const plain = ({ study, session }: ArtifactClaim): ArtifactClaim => ({ study: safe(study), session: safe(session) })
        const safe = (name: string): string => (/^[a-z0-9-]{1,64}$/.test(name) ? name : 'other')
        return { put: (bytes, claim) => store.put(bytes, claim === undefined ? undefined : plain(claim)), release: (hash, claim, age) => store.release(hash, plain(claim), age) }
      }),
      fails: ['refuses claims that are not plain names'],
    },
  ]
}
