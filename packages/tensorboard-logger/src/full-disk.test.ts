import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createStudy, float, maximize } from '@attune/core'
import { afterAll, describe, expect, test } from 'vitest'
import { points, temporaryFolder } from './files.test-support.ts'
import { tensorboard } from './tensorboard.ts'

const disk = mkdtempSync(join(tmpdir(), 'attune-disk-'))

/** Mounts a disk of 1 MiB; why not, if that cannot be done here. */
function mount(): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk], { stdio: ['ignore', 'ignore', 'pipe'] })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const refused = mount()

afterAll(() => {
  if (refused === undefined) execFileSync('umount', ['-l', disk])
  rmSync(disk, { recursive: true, force: true })
})

describe.skipIf(refused !== undefined)(`a disk that is really full${refused === undefined ? '' : ` (not allowed by this machine: ${refused.split('\n')[0]})`}`, () => {
  test('P13: a study goes on when the disk of its TensorBoard logs is full, says so, and they catch up once there is room', async () => {
    const study = await createStudy({ space: { x: float(0, 1) }, objective: maximize('score'), seed: 3, loggers: [tensorboard({ logDir: disk })] })
    const warnings: string[] = []
    study.on((event) => event.type === 'warning' && warnings.push(event.message))
    const filler = join(disk, 'filler')
    const objective = async function* ({ number, params: { x } }: { readonly number: number; readonly params: { readonly x: number } }): AsyncGenerator<{ readonly step: number; readonly score: number }> {
      if (number === 2) await expect(writeFile(filler, new Uint8Array(2_000_000))).rejects.toMatchObject({ code: 'ENOSPC' })
      for (let step = 1; step <= 200; step++) yield { step, score: x * step }
    }
    await study.optimize(objective, { trials: 30 })
    expect(study.counts.complete).toBe(30)
    expect(warnings[0]).toMatch(/^Cannot write TensorBoard data .*no space left on device.*Free some space on that disk.*The study goes on; what is missing is written as soon as it can be\.$/)
    // Once while it happens and once at the end of the run, which does not wait for room; nothing is said to be lost: events wait in the storage.
    expect(warnings.slice(1)).toEqual([expect.stringMatching(/^Logger tensorboard could not flush: .*no space left on device/)])
    await rm(filler)
    await study.optimize(objective, { trials: 32 })
    await study.close()
    expect(study.counts.complete).toBe(32)
    const folder = join(disk, (await readdir(disk))[0]!)
    for (const trial of study.trials()) {
      expect(await points(join(folder, `trial-${String(trial.number).padStart(4, '0')}`), 'score')).toEqual(trial.reports.map(({ step, metrics }) => [step, Math.fround(metrics['score']!)]))
    }
  })
})

test.skipIf(process.platform === 'win32')('P13: a study goes on when nothing can be written for TensorBoard (a limit on the size of files), says so, and leaves no empty files', async () => {
  await using folder = await temporaryFolder()
  const program = fileURLToPath(new URL('full-disk-study.test-support.ts', import.meta.url))
  // A process of its own, because the limit cannot be raised again.
  const { stdout } = await promisify(execFile)('sh', ['-c', `ulimit -f 0; exec "$0" --conditions=attune-source "$1" "$2"`, process.execPath, program, folder.path])
  const { states, warnings } = JSON.parse(stdout) as { readonly states: readonly string[]; readonly warnings: readonly string[] }
  expect(states).toEqual(['complete', 'complete', 'complete'])
  expect(warnings).toContainEqual(expect.stringMatching(/^Logger tensorboard could not flush: .*raise the limit \(ulimit -f\) or choose another logDir/))
  // Nothing is said to be lost that the storage has; this study has none.
  expect(warnings).toContainEqual(expect.stringMatching(/closed before it had kept everything.*kept in memory alone/))
  expect((await readdir(folder.path, { recursive: true })).filter((name) => name.includes('tfevents'))).toEqual([])
})
