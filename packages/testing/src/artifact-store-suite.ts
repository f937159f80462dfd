import type { ArtifactClaim, ArtifactEntry, ArtifactStore, Awaitable } from '@attune/core'
import { ensure, ensureEqual, rejection, settles, show } from './check.ts'
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

/** Two sessions of one study, and one of another. */
const mine: ArtifactClaim = { study: 'study-a', session: '1' }
const sibling: ArtifactClaim = { study: 'study-a', session: '2' }
const stranger: ArtifactClaim = { study: 'study-b', session: '1' }
/** An age in milliseconds that nothing in these tests reaches. */
const anHour = 3_600_000

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

async function entryOf(store: ArtifactStore, hash: string): Promise<ArtifactEntry> {
  const entry = (await store.list()).find((each) => each.hash === hash)
  ensure(entry !== undefined, () => `list() does not tell of ${hash}, which was put.`)
  return entry
}

async function claimsOn(store: ArtifactStore, hash: string): Promise<readonly string[]> {
  return (await entryOf(store, hash)).claims.map(({ study, session }) => `${study} ${session}`).sort()
}

/** Resolves once the bytes are older than a millisecond by the store's clock. */
async function grown(store: ArtifactStore, hash: string): Promise<void> {
  const older = async (): Promise<void> => {
    while ((await entryOf(store, hash)).age <= 1) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await settles(older(), 'growing old: list() must tell for how long bytes have been there')
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
    test('tells how old bytes are, and makes them young when they are put again', async ({ store }) => {
      const hash = await store.put(encode('abc'))
      const { age } = await entryOf(store, hash)
      ensure(age >= 0 && age < anHour, () => `list() says that bytes which were just put are ${age} ms old.`)
      await grown(store, hash)
      ensureEqual(await store.delete(hash, { olderThan: anHour }), false, 'delete() of what is younger than olderThan')
      await ensureHolds(store, hash, encode('abc'), 'after a delete() that was refused for its age')
      ensureEqual(await store.delete(hash, { olderThan: 0 }), true, 'delete() of what is older than olderThan')
      ensureEqual(await store.get(hash), undefined, 'get() after delete() by age')
    }),
    test('keeps a claim for each session that put the same bytes', async ({ store }) => {
      const hash = await store.put(encode('abc'), mine)
      for (const claim of [mine, sibling, stranger]) await store.put(encode('abc'), claim)
      ensureEqual(await claimsOn(store, hash), ['study-a 1', 'study-a 2', 'study-b 1'], 'claims in list()')
      ensureEqual(await claimsOn(store, await store.put(encode('unclaimed'))), [], 'claims on what was put without one')
      const other = await store.put(encode('other'), stranger)
      const listed = async (study: string): Promise<readonly string[]> => (await store.list(study)).map((entry) => entry.hash).sort()
      ensureEqual(await listed(mine.study), [hash], 'list() of a study')
      ensureEqual(await listed(stranger.study), [hash, other].sort(), 'list() of another study')
      ensureEqual(await listed('nobody'), [], 'list() of a study that claims nothing')
    }),
    test('releases bytes when the last claim is given up, not before', async ({ store }) => {
      const hash = await store.put(encode('abc'), mine)
      await store.put(encode('abc'), stranger)
      ensureEqual(await store.release(hash, mine, anHour), false, 'release() of one of two claims')
      await ensureHolds(store, hash, encode('abc'), 'claimed by another study')
      ensureEqual(await claimsOn(store, hash), ['study-b 1'], 'claims after release()')
      ensureEqual(await store.release(hash, mine, anHour), false, 'release() of a claim that was given up before')
      await ensureHolds(store, hash, encode('abc'), 'claimed by another study, after a second release()')
      ensureEqual(await store.release(hash, stranger, anHour), true, 'release() of the last claim')
      ensureEqual(await store.get(hash), undefined, 'get() after the last claim was given up')
      ensureEqual(await sizes(store), [], 'list() after the last claim was given up')
      ensureEqual(await store.release(hash, stranger, anHour), false, 'release() of what is not there')
    }),
    test('releases nothing that nobody claims', async ({ store }) => {
      const hash = await store.put(encode('abc'))
      ensureEqual(await store.release(hash, mine, anHour), false, 'release() of what was put without a claim')
      await ensureHolds(store, hash, encode('abc'), 'put without a claim')
    }),
    test('releases with a claim the old ones of the same study only', async ({ store }) => {
      const hash = await store.put(encode('abc'), sibling)
      ensureEqual(await store.release(hash, mine, anHour), false, 'release() where another session has just put the bytes')
      await ensureHolds(store, hash, encode('abc'), 'just put by another session')
      await grown(store, hash)
      ensureEqual(await store.release(hash, stranger, 0), false, 'release() by another study')
      await ensureHolds(store, hash, encode('abc'), 'after another study released it')
      ensureEqual(await store.release(hash, mine, 0), true, 'release() where another session of the study put the bytes long ago')
      ensureEqual(await store.get(hash), undefined, 'get() after an old claim was given up')
    }),
    test('refuses claims that are not plain names', async ({ store }) => {
      for (const name of ['', '..', 'a/b', 'a\\b', 'a.b', 'A', 'é', '\0', 'x'.repeat(65)]) {
        for (const claim of [{ study: name, session: '1' }, { study: '1', session: name }]) {
          await rejection(async () => store.put(encode('abc'), claim), `put() with the claim ${show(claim)}`)
          await rejection(async () => store.release(vectors[1]![1], claim, 0), `release() of the claim ${show(claim)}`)
        }
      }
      ensureEqual(await sizes(store), [], 'list() after claims were refused')
    }),
    test('loses nothing that is put while it is released or deleted', async ({ store, reopen }) => {
      // Where there can be one, another store over the same place: what goes on in one may be put in order by the store itself.
      const others = (await reopen?.()) ?? store
      for (let round = 0; round < 40; round++) {
        const bytes = pattern(500, round)
        const hash = await store.put(bytes, mine)
        // Whichever comes first: what the stranger has put stays.
        const away = async (): Promise<boolean> => (round % 2 === 0 ? store.release(hash, mine, anHour) : store.delete(hash, { olderThan: anHour }))
        const put = async (): Promise<string> => others.put(bytes, stranger)
        await settles(Promise.all(round % 4 < 2 ? [away(), put(), away()] : [put(), away(), away()]), 'putting and releasing at once')
        await ensureHolds(store, hash, bytes, 'put by another study while it was released')
      }
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
