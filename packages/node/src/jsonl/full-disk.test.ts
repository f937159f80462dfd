import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createStudy, float, minimize, MemoryStorage, systemClock } from '@attune/core'
import type { StudyEvent } from '@attune/core'
import { loggerContext } from '@attune/testing'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { faults, readFolder, readLines, temporaryFolder } from './files.test-support.ts'
import { jsonl } from './jsonl.ts'

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

const fill = async (): Promise<void> => writeFile(join(disk, 'filler'), new Uint8Array(1_000_000)).catch(() => undefined) // As much as there is room for.

async function someEvents(): Promise<{ readonly id: string; readonly events: readonly StudyEvent[] }> {
  const study = await createStudy({ name: 'digits', seed: 3, space: { x: float(0, 1) }, objective: minimize('loss') })
  await study.optimize(async function* ({ params: { x } }) {
    for (let step = 1; step <= 10; step++) yield { step, loss: x / step }
  }, { trials: 6 })
  const events: StudyEvent[] = []
  for await (const event of study.events()) events.push(event)
  return { id: study.summary.id, events }
}

describe.skipIf(refused !== undefined)(`a disk that is really full${refused === undefined ? '' : ` (not allowed by this machine: ${refused.split('\n')[0]})`}`, () => {
  it('P13: a log of JSON lines waits while the disk is full, says so once, and goes on without a torn line when there is room', async () => {
    const { id, events } = await someEvents()
    const path = join(disk, 'logs', 'digits.jsonl')
    const context = loggerContext({ id, definition: { name: 'digits' } })
    const logger = await jsonl({ path }).create(context)
    let waited = 0
    for (const [i, event] of events.entries()) {
      if (i === 10) await fill()
      while ((await logger.log(event)) === 'later') if (++waited === 5) await rm(join(disk, 'filler'))
    }
    await logger.close()
    expect(waited).toBe(5)
    expect(context.warnings.slice(1).every((warning) => warning === context.warnings[0])).toBe(true)
    expect(context.warnings[0]).toMatch(/no space left on device.*The disk is full: free some space\. The lines follow once that works\.$/)
    const lines = await readLines(path)
    expect(faults(lines)).toEqual([])
    expect(lines.filter(({ kind }) => kind === 'event').map(({ revision }) => revision)).toEqual(events.map(({ revision }) => revision))
  })

  it('P13: a log that cannot be made on a full disk is made when there is room', async () => {
    const { id, events } = await someEvents()
    await fill()
    const context = loggerContext({ id, definition: { name: 'digits' } })
    const logger = await jsonl({ folder: join(disk, 'logs') }).create(context)
    if ((await logger.log(events[0]!)) === 'later') await rm(join(disk, 'filler'))
    for (const event of events) if (event.type !== 'study.opened') expect(await logger.log(event)).toBeUndefined()
    await logger.close()
    expect(faults(await readFolder(join(disk, 'logs')))).toEqual([])
  })

  it('P13: a study goes on while the disk of its log is full, and everything is in the log at the end', async () => {
    const study = await createStudy({ name: 'digits', storage: new MemoryStorage(systemClock), seed: 3, space: { x: float(0, 1) }, objective: minimize('loss'), loggers: [jsonl({ folder: disk })] })
    const warnings: string[] = []
    study.on((event) => event.type === 'warning' && warnings.push(event.message))
    await study.optimize(async function* ({ number, params: { x } }) {
      if (number === 2) await fill()
      for (let step = 1; step <= 10; step++) yield { step, loss: x / step }
    }, { trials: 6 })
    expect(study.counts.complete).toBe(6)
    await rm(join(disk, 'filler'))
    await study.optimize(({ params: { x } }) => x, { trials: 7 })
    const events: StudyEvent[] = []
    for await (const event of study.events()) events.push(event)
    await study.close()
    expect(warnings[0]).toMatch(/The disk is full: free some space/)
    const lines = await readFolder(disk)
    expect(faults(lines)).toEqual([])
    expect(lines.filter(({ kind }) => kind === 'event').map(({ event, revision }) => [event, revision])).toEqual(events.map(({ type, revision }) => [type, revision]))
  })
})

it.skipIf(process.platform === 'win32')('a limit on the size of files is told, and lines that fit go on whole (not on Windows, which has none)', async () => {
  await using folder = await temporaryFolder()
  const { id, events } = await someEvents()
  const history = join(folder.path, 'events.json')
  await writeFile(history, JSON.stringify({ id, events }))
  const program = fileURLToPath(new URL('logging-program.test-support.ts', import.meta.url))
  // A process of its own, because the limit cannot be raised again. Blocks of 512 bytes, or of 1,024 in some shells.
  await promisify(execFile)('sh', ['-c', 'ulimit -f 8; exec "$@"', 'sh', process.execPath, '--conditions=attune-source', program, join(folder.path, 'logs', 'digits.jsonl'), history])
  const lines = await readFolder(join(folder.path, 'logs'))
  expect(lines.length).toBeGreaterThan(5)
  expect(faults(lines)).toEqual([])
})
