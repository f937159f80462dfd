import type { ArtifactStore } from '@attune/core'
import type { ArtifactStoreSubject } from '../artifact-store-suite.ts'

interface Broken {
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
      setup: twin((store) => ({ put: (bytes) => store.put(new Uint8Array(bytes.buffer)) })),
      fails: ['stores only the part of a buffer that a view shows'],
    },
    {
      what: 'names bytes by something else than SHA-256',
      setup: twin((store) => ({ put: async (bytes) => `x${(await store.put(bytes)).slice(1)}`, get: () => undefined })),
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
      fails: ['answers undefined for what is absent', 'deletes, and takes the same bytes again'],
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
            put: async (bytes) => {
              const hash = await store.put(bytes)
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
            delete: async (hash) => {
              const size = (await store.list()).find((item) => item.hash === hash)?.size
              if (size !== undefined) deleted.set(hash, size)
              return store.delete(hash)
            },
            list: async () => [...(await store.list()), ...Array.from(deleted, ([hash, size]) => ({ hash, size }))],
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
            put: async (bytes) => {
              const overlaps = busy
              busy = true
              await Promise.resolve()
              busy = false
              return overlaps ? 'f'.repeat(64) : store.put(bytes)
            },
          },
        }
      },
      fails: ['takes many puts at once'],
    },
    {
      what: 'says that it is persistent and forgets',
      setup: () => ({ store: { ...plain(), persistent: true }, reopen: () => ({ ...plain(), persistent: true }), damage: () => undefined }),
      fails: ['keeps everything over a restart if it says that it is persistent', 'answers undefined for what is damaged'],
    },
    {
      what: 'gives damaged bytes',
      setup: () => {
        const store = { ...plain(), persistent: true }
        const damaged = new Set<string>()
        const reopened: ArtifactStore = { ...store, get: async (hash) => (damaged.has(hash) ? new Uint8Array(10_000) : store.get(hash)) }
        return { store, reopen: () => reopened, damage: (hash) => void damaged.add(hash) }
      },
      fails: ['answers undefined for what is damaged'],
    },
  ]
}
