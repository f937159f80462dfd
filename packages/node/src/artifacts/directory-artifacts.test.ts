import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { content } from './content.test-support.ts'
import { directoryArtifacts, directoryStore } from './directory-artifacts.ts'
import { systemError, watchedFileSystem } from './faulty-file-system.test-support.ts'
import { nodeFileSystem } from './file-system.ts'
import type { FileSystem } from './file-system.ts'

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const bytes = content(3)
const hash = hashOf(bytes)
let path: string
let file: string

beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'attune artifacts ')), 'not yet', 'there')
  file = join(path, hash.slice(0, 2), hash)
})
afterEach(() => rm(join(path, '..', '..'), { recursive: true }))

it('makes its directory with the first put; reading makes nothing', async () => {
  const store = directoryArtifacts(path)
  expect([await store.get(hash), await store.list(), await store.delete(hash)]).toEqual([undefined, [], false])
  expect(await readdir(join(path, '..', '..'))).toEqual([])
  expect(await store.put(bytes)).toBe(hash)
  expect(hashOf(await readFile(file))).toBe(hash)
  expect(await readdir(join(path, 'tmp'))).toEqual([])
})

it('goes on when somebody has removed the directory meanwhile', async () => {
  const store = directoryArtifacts(path)
  await store.put(bytes)
  await rm(path, { recursive: true })
  await store.put(bytes)
  expect(await store.get(hash)).toEqual(bytes)
})

describe('a damaged file', () => {
  it('is absent, set aside and told', async () => {
    const warnings: string[] = []
    const store = directoryArtifacts(path, { onWarning: (message) => warnings.push(message) })
    await store.put(bytes)
    await truncate(file, 100)
    expect(await store.get(hash)).toBeUndefined()
    const [aside] = await readdir(join(path, 'damaged'))
    expect((await readFile(join(path, 'damaged', aside!))).length).toBe(100)
    expect(warnings).toEqual([expect.stringContaining(`Artefact ${hash}`)])
    expect(warnings[0]).toContain(aside)
    expect([await store.get(hash), await store.list()]).toEqual([undefined, []])
    expect(warnings.length).toBe(1)
  })

  it('P14: an artefact that is cut at any length, or has any byte flipped, counts as absent, and it is told', async () => {
    const small = content(3).subarray(0, 48)
    const target = join(path, hashOf(small).slice(0, 2), hashOf(small))
    const damages = [...Array.from({ length: small.length }, (_, length) => small.subarray(0, length)), ...Array.from(small, (byte, index) => small.with(index, byte ^ 1)), Uint8Array.of(...small, 0)]
    const warnings: string[] = []
    const store = directoryArtifacts(path, { onWarning: (message) => warnings.push(message) })
    for (const [index, damaged] of damages.entries()) {
      await store.put(small)
      await writeFile(target, damaged)
      expect(await store.get(hashOf(small))).toBeUndefined()
      expect(warnings.length).toBe(index + 1)
    }
    await store.put(small)
    expect(await store.get(hashOf(small))).toEqual(small)
  })

  it('is written again by put, found by size or by content', async () => {
    const store = directoryArtifacts(path)
    await store.put(bytes)
    for (const damaged of [bytes.slice(1), bytes.with(5, bytes[5]! ^ 1)]) {
      await writeFile(file, damaged)
      await store.put(bytes)
      expect(await store.get(hash)).toEqual(bytes)
    }
  })

  it('gives way when another process writes it again while it is set aside', async () => {
    const other = directoryArtifacts(path)
    await other.put(bytes)
    await writeFile(file, 'damaged')
    const store = directoryStore(path, { onWarning: () => undefined }, {
      ...nodeFileSystem,
      rename: async (from, to) => {
        if (String(to).includes('damaged') && (await readFile(file, 'utf8')) === 'damaged') await other.put(bytes)
        await nodeFileSystem.rename(from, to)
      },
    })
    expect(await store.get(hash)).toBeUndefined()
    expect(await store.get(hash)).toEqual(bytes)
  })
})

describe('stays inside its directory', () => {
  it('refuses a folder that is a symbolic link', async () => {
    const outside = join(path, '..', 'outside')
    await mkdir(outside, { recursive: true })
    await mkdir(path)
    await symlink(outside, join(path, hash.slice(0, 2)))
    await writeFile(join(outside, hash), bytes)
    const store = directoryArtifacts(path)
    for (const call of [() => store.put(bytes), () => store.get(hash), () => store.list(), () => store.delete(hash)]) {
      await expect((async () => call())()).rejects.toMatchObject({ code: 'ARTIFACT_STORE_UNUSABLE', message: expect.stringContaining('symbolic link') })
    }
    expect(await readdir(outside)).toEqual([hash])
  })

  it('refuses a folder for temporary files that is a symbolic link', async () => {
    const outside = join(path, '..', 'outside')
    await mkdir(outside, { recursive: true })
    await mkdir(path)
    await symlink(outside, join(path, 'tmp'))
    await expect((async () => directoryArtifacts(path).put(bytes))()).rejects.toMatchObject({ code: 'ARTIFACT_STORE_UNUSABLE' })
    expect(await readdir(outside)).toEqual([])
  })

  it('neither reads nor writes through a file that is a symbolic link', async () => {
    const outside = join(path, '..', 'secret')
    await mkdir(join(path, hash.slice(0, 2)), { recursive: true })
    await writeFile(outside, bytes)
    await symlink(outside, file)
    const store = directoryArtifacts(path)
    expect([await store.get(hash), await store.list(), await store.delete(hash)]).toEqual([undefined, [], false])
    await writeFile(outside, 'precious')
    await store.put(bytes)
    expect(await readFile(outside, 'utf8')).toBe('precious')
    expect(await store.get(hash)).toEqual(bytes)
  })

  it('ignores files that are not its own', async () => {
    const store = directoryArtifacts(path)
    await store.put(bytes)
    const shard = join(path, hash.slice(0, 2))
    await Promise.all([writeFile(join(path, 'readme.txt'), 'x'), writeFile(join(shard, 'notes'), 'x'), writeFile(join(shard, `0${hash.slice(1)}`.replace(/^0./, 'zz')), 'x'), mkdir(join(shard, hash.replace(/.$/, 'x')))])
    expect(await store.list()).toMatchObject([{ hash, size: bytes.length, claims: [] }])
  })
})

describe('limits', () => {
  it('takes and gives artefacts up to maxBytes', async () => {
    await directoryArtifacts(path).put(bytes)
    const small = directoryArtifacts(path, { maxBytes: bytes.length - 1 })
    await expect((async () => small.put(bytes))()).rejects.toMatchObject({ code: 'ARTIFACT_TOO_LARGE', details: { size: bytes.length, maxBytes: bytes.length - 1 } })
    await expect((async () => small.get(hash))()).rejects.toMatchObject({ code: 'ARTIFACT_TOO_LARGE' })
    expect(await directoryArtifacts(path, { maxBytes: bytes.length }).get(hash)).toEqual(bytes)
  })

  it('takes artefacts up to maxTotalBytes together, what other processes have put included, and more once there is room', async () => {
    const store = directoryArtifacts(path, { maxTotalBytes: 300 })
    const part = (number: number): Uint8Array => new Uint8Array(100).fill(number)
    await directoryArtifacts(path).put(part(0))
    await store.put(part(1))
    // Equal bytes take no more room.
    for (let again = 0; again < 5; again++) await store.put(part(1))
    const outcomes = await Promise.allSettled([2, 3, 4].map(async (number) => store.put(part(number))))
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect(outcomes.find((outcome) => outcome.status === 'rejected')!.reason).toMatchObject({ code: 'ARTIFACT_STORE_FULL', details: { size: 100, held: 300, maxTotalBytes: 300 } })
    expect((await store.list()).length).toBe(3)
    await directoryArtifacts(path).delete(hashOf(part(0)))
    await store.put(part(5))
    await expect((async () => store.put(part(6)))()).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FULL' })
    await store.delete(hashOf(part(1)))
    await store.put(part(7))
    expect((await store.list()).length).toBe(3)
  })

  it.each([-1, 0.5, Number.NaN])('refuses maxTotalBytes %d', (maxTotalBytes) => {
    expect(() => directoryArtifacts(path, { maxTotalBytes })).toThrow(expect.objectContaining({ code: 'OPTION' }))
  })

  it.each([[''], ['a\0b'], [undefined as unknown as string]])('refuses the path %j', (wrong) => {
    expect(() => directoryArtifacts(wrong)).toThrow(expect.objectContaining({ code: 'OPTION' }))
  })

  it.each([-1, 0.5, Number.NaN, 2 ** 31])('refuses maxBytes %d', (maxBytes) => {
    expect(() => directoryArtifacts(path, { maxBytes })).toThrow(expect.objectContaining({ code: 'OPTION' }))
  })

  it('says so when the path is a file', async () => {
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(path, 'x')
    const store = directoryArtifacts(path)
    for (const call of [() => store.put(bytes), () => store.get(hash), () => store.list()]) {
      await expect((async () => call())()).rejects.toMatchObject({ code: 'ARTIFACT_STORE_UNUSABLE', message: expect.stringContaining('not a directory') })
    }
  })

  it('says so when it may not write', async () => {
    const store = directoryStore(path, {}, { ...nodeFileSystem, open: () => Promise.reject(systemError('EACCES')) })
    await expect((async () => store.put(bytes))()).rejects.toMatchObject({ code: 'ARTIFACT_STORE_UNUSABLE', message: expect.stringContaining('EACCES') })
  })
})

describe('claims', () => {
  it('keep an artefact in sight that is put back between the look and the reading', async () => {
    const hash = await directoryArtifacts(path).put(content(0), { study: 'a', session: '1' })
    const shard = join(path, hash.slice(0, 2))
    const aside = join(shard, `${hash}.aside-${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}`)
    await rename(join(shard, hash), aside)
    let looks = 0
    const readdirAndPutBack = async (folder: string): Promise<string[]> => {
      const names = await nodeFileSystem.readdir(folder)
      if (looks++ === 0) await rename(aside, join(shard, hash))
      return names
    }
    expect(await directoryStore(path, {}, { ...nodeFileSystem, readdir: readdirAndPutBack as FileSystem['readdir'] }).get(hash)).toEqual(new Uint8Array(content(0)))
    expect(looks).toBe(2)
  })

  const mine = { study: 'mine', session: '1' }

  it('of a put that did not come to its end are taken away a day later', async () => {
    await directoryArtifacts(path).put(content(4))
    const day = 24 * 60 * 60 * 1000
    const shard = join(path, hash.slice(0, 2))
    await mkdir(shard)
    const claims = [`${hash}.mine.1`, `${hash}.mine.2`].map((name) => join(shard, name))
    for (const claim of claims) await writeFile(claim, '')
    const when = new Date(Date.now() - day - 1000)
    await utimes(claims[0]!, when, when)
    await directoryArtifacts(path).put(content(4))
    expect(await readdir(shard)).toEqual([`${hash}.mine.2`])
  })

  it('are taken back when a put fails', async () => {
    const store = directoryStore(path, {}, watchedFileSystem((call) => {
      if (call === 'rename') throw systemError('ENOSPC')
    }))
    await expect((async () => store.put(bytes, mine))()).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FULL' })
    expect(await readdir(join(path, hash.slice(0, 2)))).toEqual([])
  })

  it('hold against a deletion that is under way in another process, at each of its calls', async () => {
    const other = { study: 'other', session: '1' }
    for (const away of ['release', 'delete'] as const) {
      for (let at = 0, over = false; !over; at++) {
        await rm(path, { recursive: true, force: true })
        await directoryArtifacts(path).put(bytes, mine)
        const longAgo = new Date(Date.now() - 7_200_000)
        for (const name of await readdir(join(path, hash.slice(0, 2)))) await utimes(join(path, hash.slice(0, 2), name), longAgo, longAgo)
        let calls = 0
        let put = false
        // Before the call of this number, another process puts the bytes as well: a deletion that asked nobody would take them.
        const files = Object.fromEntries(Object.entries(nodeFileSystem).map(([name, call]) => [name, async (...args: never[]) => {
          if (calls++ === at) put = (await directoryArtifacts(path).put(bytes, other)) === hash
          return (call as (...given: never[]) => Promise<unknown>)(...args)
        }])) as unknown as FileSystem
        const store = directoryStore(path, {}, files)
        const gone = away === 'release' ? await store.release(hash, mine, 0) : await store.delete(hash, { olderThan: 3_600_000 })
        over = !put
        if (over) expect(gone).toBe(true)
        else expect(await directoryArtifacts(path).get(hash)).toEqual(bytes)
        if (!over) expect((await directoryArtifacts(path).list())[0]!.claims).toContainEqual(other)
      }
    }
  })
})

describe('a power cut', () => {
  it('P14: leaves what was put, also where its folders had been made by a put that failed, or by a process that died', async () => {
    const hash = createHash('sha256').update(content(1)).digest('hex')
    for (const again of ['the same process', 'another one']) {
      for (let at = 0, over = false; !over; at++) {
        await rm(path, { recursive: true, force: true })
        let syncs = 0
        const synced: string[] = []
        const files = (failing: boolean): FileSystem => watchedFileSystem((call, where) => {
          if (call !== 'sync') return
          if (failing && syncs++ === at) throw systemError('EIO')
          synced.push(where)
        })
        let fails = true
        const first = directoryStore(path, {}, watchedFileSystem(() => undefined, Object.fromEntries(Object.entries(nodeFileSystem).map(([name]) => [name, (...args: never[]) => (files(fails) as unknown as { readonly [name: string]: (...given: never[]) => Promise<unknown> })[name]!(...args)])) as unknown as FileSystem))
        over = await Promise.resolve(first.put(content(1))).then(() => true, () => false)
        if (over) continue
        fails = false
        if (again === 'another one') synced.length = 0
        const second = again === 'the same process' ? first : directoryStore(path, {}, files(false))
        expect(await second.put(content(1))).toBe(hash)
        const root = await realpath(path)
        // Every folder on the way was synced by this process before it answered.
        expect(synced, `${again}, sync ${at} failed`).toEqual(expect.arrayContaining([root, join(root, hash.slice(0, 2))]))
        if (at === 0) expect(synced.map((each) => join(each))).toContain(dirname(path))
      }
    }
  })
})

describe('a full disk', () => {
  it('is told, and leaves nothing behind, whichever call meets it', async () => {
    const writing = new Set(['mkdir', 'open', 'writeFile', 'sync', 'rename'])
    let calls: string[] = []
    for (let failing = 0; ; failing++) {
      await rm(path, { recursive: true, force: true })
      calls = []
      const store = directoryStore(path, {}, watchedFileSystem((call) => {
        if (!writing.has(call)) return
        calls.push(call)
        if (calls.length - 1 === failing) throw systemError('ENOSPC')
      }))
      const outcome = await Promise.resolve(store.put(bytes)).then(() => 'whole', (error: unknown) => error)
      if (calls.length <= failing) {
        expect(outcome).toBe('whole')
        break
      }
      expect(outcome).toMatchObject({ code: 'ARTIFACT_STORE_FULL', message: expect.stringContaining('the disk is full') })
      const fresh = directoryArtifacts(path)
      const before = await fresh.get(hash)
      expect(before === undefined || hashOf(before) === hash).toBe(true)
      expect(await readdir(join(path, 'tmp')).catch(() => [])).toEqual([])
      // The same store goes on once there is room.
      expect(await store.put(bytes)).toBe(hash)
      expect(await fresh.get(hash)).toEqual(bytes)
    }
    expect(new Set(calls)).toEqual(writing)
  })

  it.skipIf(process.platform !== 'linux')('is met as the kernel reports it (needs /dev/full)', async () => {
    const isTemporary = (target: unknown): boolean => String(target).startsWith(join(path, 'tmp', '/'))
    const store = directoryStore(path, {}, { ...nodeFileSystem, open: (target, ...rest) => (isTemporary(target) ? nodeFileSystem.open('/dev/full', 'w') : nodeFileSystem.open(target, ...rest)) })
    await expect((async () => store.put(bytes))()).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FULL', cause: { code: 'ENOSPC' } })
    expect(await directoryArtifacts(path).list()).toEqual([])
  })
})

describe('files left behind', () => {
  const leave = async (name: string, age: number): Promise<void> => {
    await mkdir(join(path, 'tmp'), { recursive: true })
    await writeFile(join(path, 'tmp', name), 'part')
    const when = new Date(Date.now() - age)
    await utimes(join(path, 'tmp', name), when, when)
  }
  const uuid = '01234567-89ab-cdef-0123-456789abcdef'
  const day = 24 * 60 * 60 * 1000

  it('are taken away when their writer is unknown and they are old; others stay', async () => {
    await leave(`${uuid}.elsewhere%2Fabc%2F17%2F99`, day + 1000)
    await leave(`${uuid.replace('0', '1')}.elsewhere%2Fabc%2F17%2F99`, day / 2)
    await leave(`${uuid.replace('0', '2')}.cut%2`, day + 1000)
    await leave('notes.txt', 10 * day)
    await directoryArtifacts(path).put(bytes)
    expect((await readdir(join(path, 'tmp'))).toSorted()).toEqual([`${uuid.replace('0', '1')}.elsewhere%2Fabc%2F17%2F99`, 'notes.txt'])
  })

  it('do not keep the store from working', async () => {
    await leave(`${uuid}.x`, day + 1000)
    const warnings: string[] = []
    const store = directoryStore(path, { onWarning: (message) => warnings.push(message) }, { ...nodeFileSystem, unlink: () => Promise.reject(systemError('EBUSY')) })
    expect(await store.put(bytes)).toBe(hash)
    expect(warnings).toEqual([expect.stringContaining('EBUSY')])
  })
})
