import { execFile } from 'node:child_process'
import { chown, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createStudy, float, maximize, type Study } from '@attune/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { eventFiles, points, runValues, temporaryFolder } from './files.test-support.ts'
import { context, HistoryScript } from './study-events.test-support.ts'
import { tensorboard } from './tensorboard.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** A study of one parameter, and what it warns of. */
async function openStudy(logDir: string): Promise<{ readonly study: Study<{ readonly x: number }>; readonly warnings: readonly string[] }> {
  const study = await createStudy({ space: { x: float(0, 1) }, objective: maximize('score'), seed: 3, loggers: [tensorboard({ logDir })] })
  const warnings: string[] = []
  study.on((event) => event.type === 'warning' && warnings.push(event.message))
  return { study, warnings }
}

async function expectWhole(study: Study<{ readonly x: number }>, folder: string): Promise<void> {
  for (const trial of study.trials()) {
    const run = join(folder, `trial-${String(trial.number).padStart(4, '0')}`)
    expect(await points(run, 'score')).toEqual(trial.reports.map(({ step, metrics }) => [step, Math.fround(metrics['score']!)]))
    expect((await runValues(run)).filter(([, { kind }]) => kind === 'session-end')).toHaveLength(1)
  }
  expect((await points(join(folder, 'study'), 'study/complete')).at(-1)).toEqual([study.trials().length - 1, study.counts.complete])
}

describe('a folder that is removed while its study runs', () => {
  test.each(['the folder of the study', 'the whole log directory', 'the folder of a trial that runs'])('is made again, with everything so far, and the study says so (%s)', async (what) => {
    await using folder = await temporaryFolder()
    const logDir = join(folder.path, 'runs')
    const { study, warnings } = await openStudy(logDir)
    const studyFolder = join(logDir, (await readdir(logDir))[0]!)
    await study.optimize(async function* ({ number, params: { x } }) {
      for (let step = 1; step <= 5; step++) {
        yield { step, score: x * step }
        if (number !== 3 || step !== 3) continue
        // At once, as seen by the logger, which writes into it meanwhile.
        await rename(what.startsWith('the whole') ? logDir : what.endsWith('study') ? studyFolder : join(studyFolder, 'trial-0003'), join(folder.path, 'away'))
        await rm(join(folder.path, 'away'), { recursive: true })
      }
    }, { trials: 6 })
    await study.close()
    expect(study.counts.complete).toBe(6)
    expect(warnings).toEqual(what.includes('trial') ? [] : [`"${studyFolder}" was removed while its study runs. It is made again, with everything so far.`])
    await expectWhole(study, studyFolder)
  })
})

describe.skipIf(process.platform === 'win32')('a folder that becomes read-only (by rights that Windows does not have)', () => {
  test('P13: a study goes on when the folder of its TensorBoard logs is read-only, says so, and they catch up once it is not', async () => {
    await using folder = await temporaryFolder()
    const program = fileURLToPath(new URL('read-only-study.test-support.ts', import.meta.url))
    const root = process.getuid?.() === 0
    if (root) await chown(folder.path, 65_534, 65_534)
    const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=attune-source', program, folder.path], root ? { uid: 65_534, gid: 65_534 } : {})
    const { whileReadOnly, warnings, scores } = JSON.parse(stdout) as { readonly whileReadOnly: number; readonly warnings: readonly string[]; readonly scores: readonly unknown[] }
    expect(whileReadOnly).toBe(2)
    expect(warnings[0]).toMatch(/permission denied.*Give this process the right to write there or choose another logDir.*The study goes on; what is missing is written as soon as it can be\.$/)
    expect(warnings.filter((warning) => warning.includes('lost'))).toEqual([])
    const studyFolder = join(folder.path, (await readdir(folder.path))[0]!)
    for (const [number, score] of scores.entries()) expect(await points(join(studyFolder, `trial-000${number}`), 'score')).toEqual(score)
  })
})

describe('a sync that fails', () => {
  const script = new HistoryScript().start(0).start(1)
  for (let step = 1; step <= 4; step++) script.report(0, step, { loss: step }).report(1, step, { loss: -step })

  /** The next so many syncs of files fail, as when a disk has lost what it had taken. */
  async function failSyncs(path: string, times: number): Promise<void> {
    const handle = await open(path)
    const prototype = Object.getPrototypeOf(handle) as { sync(): Promise<void> }
    await handle.close()
    const spy = vi.spyOn(prototype, 'sync')
    for (let time = 0; time < times; time++) spy.mockRejectedValueOnce(Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' }))
  }

  async function start(logDir: string): Promise<{ readonly logger: Awaited<ReturnType<ReturnType<typeof tensorboard>['create']>>; readonly study: string; readonly warnings: readonly string[] }> {
    const of = context({ trials: script.trials })
    const logger = await tensorboard({ logDir }).create(of)
    for (const event of script.events) await logger.log(event)
    return { logger, study: join(logDir, (await readdir(logDir))[0]!), warnings: of.warnings }
  }

  test('has the run written anew, in the same session, before the cursor moves', async () => {
    await using folder = await temporaryFolder()
    const { logger, study, warnings } = await start(folder.path)
    const [before] = await eventFiles(join(study, 'trial-0000'))
    await failSyncs(before!, 1)
    await logger.flush()
    const files = await eventFiles(join(study, 'trial-0000'))
    expect(files).toHaveLength(1)
    expect(files).not.toContain(before)
    expect(await points(join(study, 'trial-0000'), 'loss')).toEqual([1, 2, 3, 4].map((step) => [step, step]))
    expect(JSON.parse(await readFile(join(study, 'attune-cursor.json'), 'utf8'))).toMatchObject({ revision: 10 })
    expect(warnings).toEqual([expect.stringContaining('EIO')])
    expect(logger.cursor).toBe(10)
    await logger.close()
  })

  test('again and again holds the cursor where it is', async () => {
    await using folder = await temporaryFolder()
    const { logger, study } = await start(folder.path)
    const [before] = await eventFiles(join(study, 'trial-0000'))
    await failSyncs(before!, 1000)
    await expect(logger.flush()).rejects.toMatchObject({ code: 'TENSORBOARD_WRITE', message: expect.stringContaining('EIO') })
    expect(JSON.parse(await readFile(join(study, 'attune-cursor.json'), 'utf8'))).toMatchObject({ revision: 0 })
    expect(logger.cursor).toBe(0)
    vi.restoreAllMocks()
    await logger.close()
    expect(logger.cursor).toBe(10)
    expect(JSON.parse(await readFile(join(study, 'attune-cursor.json'), 'utf8'))).toMatchObject({ revision: 10 })
    for (const number of [0, 1]) expect(await points(join(study, `trial-000${number}`), 'loss')).toHaveLength(4)
  })
})

test('P13: a study of which TensorBoard lacks the end says how much that is, not that all of it is lost', async () => {
  await using folder = await temporaryFolder()
  const logDir = join(folder.path, 'runs')
  const { study, warnings } = await openStudy(logDir)
  await study.optimize(({ params: { x } }) => x, { trials: 20 })
  const studyFolder = join(logDir, (await readdir(logDir))[0]!)
  const { revision } = JSON.parse(await readFile(join(studyFolder, 'attune-cursor.json'), 'utf8')) as { readonly revision: number }
  // A file where a folder has to be: nothing can be written any more, whoever runs this.
  await rename(logDir, join(folder.path, 'before'))
  await writeFile(logDir, '')
  await study.optimize(({ params: { x } }) => x, { trials: 21 })
  await study.close()
  const changes = Number(/closed before it had kept everything: (\d+) change/.exec(warnings.at(-1)!)?.[1])
  expect([changes, changes < revision]).toEqual([expect.any(Number), true])
})

describe('two studies in one log directory', () => {
  async function warningsOf(logDir: string, name: string, space: Record<string, ReturnType<typeof float>>): Promise<readonly string[]> {
    const study = await createStudy({ name, space, objective: maximize('score'), loggers: [tensorboard({ logDir })] })
    await study.optimize(() => 1, { trials: 1 })
    const warnings: string[] = []
    for await (const event of study.events()) if (event.type === 'warning') warnings.push(event.message)
    await study.close()
    expect(study.counts.complete).toBe(1)
    return warnings
  }

  test('of other parameters: the second says on which folder to start TensorBoard', async () => {
    await using folder = await temporaryFolder()
    expect(await warningsOf(folder.path, 'first', { x: float(0, 1) })).toEqual([])
    const [first] = await readdir(folder.path)
    expect(await warningsOf(folder.path, 'second', { y: float(0, 1) })).toEqual([
      expect.stringMatching(new RegExp(`holds studies with other parameters or metrics, too: "${first!}"\\..*start it on the folder of the study: tensorboard --logdir ".*second-[0-9a-f]{10}"$`)),
    ])
    expect(await readdir(folder.path)).toHaveLength(2)
  })

  test('of the same name, in two storages: the second says where the other one is', async () => {
    await using folder = await temporaryFolder()
    expect(await warningsOf(folder.path, 'digits', { x: float(0, 1) })).toEqual([])
    const [first] = await readdir(folder.path)
    expect(await warningsOf(folder.path, 'digits', { x: float(0, 1) })).toEqual([expect.stringMatching(new RegExp(`holds another study named "digits", in "${first!}"\\. This one is in "digits-[0-9a-f]{10}"\\.$`))])
  })

  test('of the same parameters and metrics, as of two seeds, are no reason to warn', async () => {
    await using folder = await temporaryFolder()
    for (const name of ['one', 'two']) expect(await warningsOf(folder.path, name, { x: float(0, 1) })).toEqual([])
  })
})
