import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createStudy, float, minimize } from '@attune/core'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { directoryArtifacts } from './directory-artifacts.ts'

const child = fileURLToPath(new URL('full-disk.test-support.ts', import.meta.url))
const disk = mkdtempSync(join(tmpdir(), 'attune-disk-'))

/** Mounts a disk of 256 KiB; why not, if that cannot be done here. */
function mount(): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk], { stdio: ['ignore', 'ignore', 'pipe'] })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const refused = mount()

afterEach(async () => {
  for (const name of await readdir(disk)) await rm(join(disk, name), { recursive: true })
})
afterAll(() => {
  if (refused === undefined) execFileSync('umount', ['-l', disk])
  rmSync(disk, { recursive: true, force: true })
})

describe.skipIf(refused !== undefined)(`a disk that is really full${refused === undefined ? '' : ` (not allowed by this machine: ${refused.split('\n')[0]})`}`, () => {
  it('is told as ARTIFACT_STORE_FULL; nothing is left half-written, and the store goes on when there is room', async () => {
    const store = directoryArtifacts(join(disk, 'artifacts'))
    const bytes = (number: number): Uint8Array => new Uint8Array(40_000).fill(number)
    const put: string[] = []
    const failures: unknown[] = []
    for (let number = 0; number < 12; number++) await Promise.resolve(store.put(bytes(number))).then((hash) => put.push(hash), (error: unknown) => failures.push(error))
    expect(put.length).toBeGreaterThan(2)
    expect(failures.length).toBeGreaterThan(2)
    for (const failure of failures) expect(failure).toMatchObject({ code: 'ARTIFACT_STORE_FULL', message: expect.stringContaining('the disk is full') })
    expect((await store.list()).map(({ hash }) => hash).toSorted()).toEqual(put.toSorted())
    for (const [number, hash] of put.entries()) expect(await store.get(hash)).toEqual(bytes(number))
    expect(await readdir(join(disk, 'artifacts', 'tmp'))).toEqual([])
    await store.delete(put[0]!)
    expect(await store.get(await store.put(bytes(50)))).toEqual(bytes(50))
  })

  it('does not stop a study: it says so once, and saves checkpoints again when there is room', async () => {
    const study = await createStudy({ space: { x: float(0, 1) }, objective: minimize('loss'), seed: 1, artifacts: directoryArtifacts(join(disk, 'artifacts')), keep: { best: 0 } })
    const warnings: string[] = []
    const saved: number[] = []
    study.on((event) => event.type === 'warning' && warnings.push(event.message))
    study.on((event) => event.type === 'checkpoint.saved' && saved.push(event.step))
    const filler = join(disk, 'filler')
    await study.optimize(async function* ({ params: { x } }) {
      for (let step = 1; step <= 9; step++) {
        if (step === 4) await writeFile(filler, new Uint8Array(1_000_000)).catch(() => undefined) // As much as there is room for.
        if (step === 7) await rm(filler)
        yield { step, loss: x, checkpoint: () => new Uint8Array(20_000).fill(step) }
      }
    }, { trials: 1 })
    expect(saved).toEqual([1, 2, 3, 7, 8, 9])
    expect(warnings).toEqual([
      expect.stringMatching(/^The checkpoint of trial 0 at step 4 cannot be saved, the study goes on without checkpoints until it can: .*the disk is full/),
      'Checkpoints are saved again, from step 7 of trial 0 on.',
    ])
    await study.close()
    expect(await directoryArtifacts(join(disk, 'artifacts')).list()).toEqual([])
  })
})

it.skipIf(process.platform === 'win32')('a limit on the size of files is told as ARTIFACT_STORE_FULL, and the store goes on (not on Windows, which has none)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'attune-limited-'))
  try {
    // Blocks of 512 bytes, or of 1,024 in some shells.
    const output = execFileSync('sh', ['-c', 'ulimit -f 400; exec "$@"', 'sh', process.execPath, '--conditions=attune-source', child, folder], { encoding: 'utf8' })
    const { code, kept, expected } = JSON.parse(output) as { readonly code: string; readonly kept: unknown; readonly expected: unknown }
    expect([code, kept]).toEqual(['ARTIFACT_STORE_FULL', expected])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
