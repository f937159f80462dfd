import type { ArtifactStore, Awaitable } from '@attune/core'
import { ensure, ensureEqual, settles, show } from './check.ts'
import { caseMaker, type Subject } from './subject.ts'
import { registerSuite, type SuiteCase, type SuiteOptions } from './suite.ts'

/** An empty store of the kind under test. */
export interface ArtifactStoreSubject extends Subject {
  readonly store: ArtifactStore
  /** A new store over the same place, as after a restart. Needed if the store is persistent. */
  readonly reopen?: () => Awaitable<ArtifactStore>
  /** Alters the stored bytes behind the store's back, as a bad disk would. Needed if the store is persistent. */
  readonly damage?: (hash: string) => Awaitable<void>
}

/** SHA-256 of texts, from FIPS 180-4 and its published examples. */
const vectors: readonly (readonly [text: string, hash: string])[] = [
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq', '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1'],
  ['a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
]
const absentHash = '0123456789abcdef'.repeat(4)

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Bytes without a short period. */
function pattern(length: number, salt: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >>> 8) * 17 + salt) & 255
  return bytes
}

async function sizes(store: ArtifactStore): Promise<readonly string[]> {
  return (await store.list()).map(({ hash, size }) => `${hash} ${size}`).sort()
}

async function ensureHolds(store: ArtifactStore, hash: string, bytes: Uint8Array, what: string): Promise<void> {
  const got = await store.get(hash)
  ensure(got instanceof Uint8Array, () => `${what}: get() must answer a Uint8Array, not ${show(got)}.`)
  ensure(got.length === bytes.length && got.every((byte, i) => byte === bytes[i]), () => `${what}: get() answered ${got.length} bytes that are not the ${bytes.length} that were put.`)
}

/** The cases of `artifactStoreSuite`, to run without vitest. */
export function artifactStoreCases(setup: () => Awaitable<ArtifactStoreSubject>): readonly SuiteCase[] {
  const test = caseMaker(setup)
  return [
    test('says which contract it keeps', ({ store }) => {
      ensureEqual(store.specVersion, 'v1', 'specVersion')
      ensure(typeof store.persistent === 'boolean', 'persistent must be true or false.')
    }),
    test('names bytes by their SHA-256', async ({ store }) => {
      for (const [text, hash] of vectors) ensureEqual(await store.put(encode(text)), hash, `put() of ${show(text.slice(0, 60))}`)
    }),
    test('gives back what was put', async ({ store }) => {
      for (const length of [1, 255, 65_537]) {
        const bytes = pattern(length, length)
        await ensureHolds(store, await store.put(bytes), bytes, `${length} bytes`)
      }
    }),
    test('keeps empty bytes', async ({ store }) => {
      const hash = await store.put(new Uint8Array(0))
      await ensureHolds(store, hash, new Uint8Array(0), 'no bytes')
      ensureEqual(await sizes(store), [`${hash} 0`], 'list()')
    }),
    test('keeps 5 MB', async ({ store }) => {
      const bytes = pattern(5_000_000, 7)
      const hash = await store.put(bytes)
      await ensureHolds(store, hash, bytes, '5 MB')
      ensureEqual(await sizes(store), [`${hash} 5000000`], 'list()')
    }),
    test('stores only the part of a buffer that a view shows', async ({ store }) => {
      const bytes = encode('_abc_').subarray(1, 4)
      const hash = await store.put(bytes)
      ensureEqual(hash, vectors[1]?.[1], 'put() of a view')
      await ensureHolds(store, hash, encode('abc'), 'a view')
    }),
    test('stores equal bytes once', async ({ store }) => {
      const first = await store.put(encode('abc'))
      ensureEqual(await store.put(encode('abc')), first, 'put() of the same bytes again')
      ensureEqual(await sizes(store), [`${first} 3`], 'list()')
    }),
    test('is not changed by what happens to the bytes after put', async ({ store }) => {
      const bytes = encode('abc')
      const hash = await store.put(bytes)
      bytes.fill(0)
      await ensureHolds(store, hash, encode('abc'), 'after the caller overwrote its bytes')
    }),
    test('answers copies', async ({ store }) => {
      const hash = await store.put(encode('abc'))
      const got = await store.get(hash)
      got?.fill(0)
      await ensureHolds(store, hash, encode('abc'), 'after a reader overwrote its bytes')
    }),
    test('answers undefined for what is absent', async ({ store }) => {
      ensureEqual(await store.get(absentHash), undefined, 'get() of a hash that was never put')
      ensureEqual(await store.delete(absentHash), false, 'delete() of a hash that was never put')
      ensureEqual(await sizes(store), [], 'list() of an empty store')
    }),
    test('takes nothing but a hash for a name', async ({ store }) => {
      await store.put(encode('abc'))
      for (const name of ['', '.', '..', '../../../../etc/passwd', 'abc', '/etc/passwd', 'C:\\Windows', '\0', 'nul', 'f'.repeat(300)]) {
        const got = await Promise.resolve().then(() => store.get(name)).catch(() => undefined)
        ensure(got === undefined, () => `get(${show(name)}) answered ${show(got)}: it is no hash, so there is nothing behind it.`)
        const gone = await Promise.resolve().then(() => store.delete(name)).catch(() => false)
        ensure(!gone, () => `delete(${show(name)}) says that it deleted something.`)
      }
    }),
    test('lists what is there, each once with its size', async ({ store }) => {
      const expected: string[] = []
      for (let i = 0; i < 20; i++) expected.push(`${await store.put(pattern(i, i))} ${i}`)
      ensureEqual(await sizes(store), expected.sort(), 'list()')
    }),
    test('deletes, and takes the same bytes again', async ({ store }) => {
      const hash = await store.put(encode('abc'))
      const other = await store.put(encode('other'))
      ensureEqual(await store.delete(hash), true, 'delete()')
      ensureEqual(await store.get(hash), undefined, 'get() after delete()')
      ensureEqual(await store.delete(hash), false, 'a second delete()')
      ensureEqual(await sizes(store), [`${other} 5`], 'list() after delete()')
      ensureEqual(await store.put(encode('abc')), hash, 'put() after delete()')
      await ensureHolds(store, hash, encode('abc'), 'put again')
    }),
    test('takes many puts at once', async ({ store }) => {
      const different = Array.from({ length: 24 }, (_, i) => pattern(2_000 + i, i))
      const equal = Array.from({ length: 8 }, () => pattern(3_000, 99))
      const hashes = await settles(Promise.all([...different, ...equal].map(async (bytes) => store.put(bytes))), 'putting 32 at once')
      ensure(new Set(hashes.slice(24)).size === 1, 'Equal bytes that are put at once must get one hash.')
      for (const [i, bytes] of different.entries()) await ensureHolds(store, hashes[i] as string, bytes, `put at once with others (${i})`)
      ensure((await store.list()).length === 25, 'list() must hold each of the 25 different artefacts once.')
    }),
    test('keeps everything over a restart if it says that it is persistent', async ({ store, reopen }) => {
      if (!store.persistent) return
      ensure(reopen !== undefined, 'The store says that it is persistent: give `reopen`, so that this can be shown.')
      const hash = await store.put(pattern(10_000, 3))
      const again = await reopen()
      await ensureHolds(again, hash, pattern(10_000, 3), 'after a restart')
      ensureEqual(await sizes(again), [`${hash} 10000`], 'list() after a restart')
    }),
    test('answers undefined for what is damaged', async ({ store, reopen, damage }) => {
      if (!store.persistent) return
      ensure(damage !== undefined && reopen !== undefined, 'The store says that it is persistent: give `damage` and `reopen`, so that this can be shown.')
      const hash = await store.put(pattern(10_000, 5))
      await damage(hash)
      ensureEqual(await (await reopen()).get(hash), undefined, 'get() of damaged bytes')
      ensureEqual(await (await reopen()).put(pattern(10_000, 5)), hash, 'put() of the same bytes after the damage')
      await ensureHolds(await reopen(), hash, pattern(10_000, 5), 'put again after the damage')
    }),
  ]
}

/**
 * Registers the conformance tests of an artefact store with vitest.
 * `setup` gives an empty store for each case.
 */
export function artifactStoreSuite(name: string, setup: () => Awaitable<ArtifactStoreSubject>, options: SuiteOptions = {}): void {
  registerSuite(name, artifactStoreCases(setup), options)
}
