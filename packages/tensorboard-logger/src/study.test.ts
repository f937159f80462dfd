import { execFile } from 'node:child_process'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createStudy, float, int, MemoryStorage, maximize, oneOf, systemClock, type Study, type StudyEvent } from '@attune/core'
import { describe, expect, test } from 'vitest'
import { points, runValues, temporaryFolder } from './files.test-support.ts'
import { tensorboard } from './tensorboard.ts'

const space = { rate: float(0, 1), kind: oneOf({ deep: { layers: int(1, 4) }, flat: {} }) }

/** A study over a storage that outlives it. */
function openStudy(storage: MemoryStorage, logDir: string): Promise<Study<unknown>> {
  return createStudy({ name: 'kept', space, objective: maximize('score'), storage, ifExists: 'resume', seed: 3, loggers: [tensorboard({ logDir })] })
}

async function studyFolder(logDir: string): Promise<string> {
  const folders = await readdir(logDir)
  expect(folders).toHaveLength(1)
  return join(logDir, folders[0]!)
}

/** What the files hold is what the storage holds: each report once, each end once. */
async function expectEverythingLogged(study: Study<unknown>, logDir: string): Promise<void> {
  const folder = await studyFolder(logDir)
  for (const trial of study.trials()) {
    const run = join(folder, `trial-${String(trial.number).padStart(4, '0')}`)
    expect(await points(run, 'score')).toEqual(trial.reports.map((report) => [report.step, Math.fround(report.metrics['score']!)]))
    const ends = (await runValues(run)).filter(([, value]) => value.kind === 'session-end')
    const starts = (await runValues(run)).filter(([, value]) => value.kind === 'session-start')
    expect([starts.length, ends.length]).toEqual([1, 1])
  }
}

describe('a real study', () => {
  test('that is interrupted and opened again is in the files once, whatever happened to the cursor', async () => {
    for (const cursor of ['kept', 'lost', 'old'] as const) {
      await using folder = await temporaryFolder()
      const storage = new MemoryStorage(systemClock)
      let started = 0
      const objective = async function* ({ params }: { readonly params: unknown }): AsyncGenerator<{ readonly step: number; readonly score: number }> {
        const { rate } = params as { readonly rate: number }
        if (++started % 4 === 0) throw new Error(`trial ${started} fails`)
        for (let step = 1; step <= 5; step++) yield { step, score: rate * step }
      }
      {
        await using study = await openStudy(storage, folder.path)
        await study.optimize(objective, { trials: 4 })
        const path = join(await studyFolder(folder.path), 'attune-cursor.json')
        const before = await readFile(path, 'utf8')
        await study.optimize(objective, { trials: 8 })
        await study.close()
        if (cursor === 'lost') await rm(path)
        if (cursor === 'old') await writeFile(path, before)
      }
      await using study = await openStudy(storage, folder.path)
      await study.optimize(objective, { trials: 12 })
      await study.close()
      expect(study.trials().map((trial) => trial.state)).toContain('failed')
      await expectEverythingLogged(study, folder.path)
    }
  })

  test('is not disturbed by a log folder that cannot be written, and is logged as a whole afterwards', async () => {
    await using folder = await temporaryFolder()
    const storage = new MemoryStorage(systemClock)
    const objective = async function* ({ params }: { readonly params: unknown }): AsyncGenerator<{ readonly step: number; readonly score: number }> {
      yield { step: 1, score: (params as { readonly rate: number }).rate }
    }
    const logDir = join(folder.path, 'runs')
    await writeFile(logDir, 'in the way')
    {
      await using study = await openStudy(storage, logDir)
      await study.optimize(objective, { trials: 3 })
      expect(study.trials().filter((trial) => trial.state === 'complete')).toHaveLength(3)
      const events: StudyEvent[] = []
      for await (const event of study.events()) events.push(event)
      expect(events).toContainEqual(expect.objectContaining({ type: 'warning', message: expect.stringContaining('A file stands where a folder is needed') }))
    }
    await rm(logDir)
    {
      await using study = await openStudy(storage, logDir)
      await study.optimize(objective, { trials: 4 })
      // A trial's folder that cannot be made while it runs.
      await writeFile(join(await studyFolder(logDir), 'trial-0004'), 'in the way')
      await study.optimize(objective, { trials: 6 })
      expect(study.trials().filter((trial) => trial.state === 'complete')).toHaveLength(6)
    }
    await rm(join(await studyFolder(logDir), 'trial-0004'))
    await using study = await openStudy(storage, logDir)
    await study.optimize(objective, { trials: 7 })
    await study.close()
    await expectEverythingLogged(study, logDir)
  })
})

describe('the README', () => {
  const packageFile = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

  test('begins with examples/curves.ts, which runs', async () => {
    const program = packageFile('examples/curves.ts')
    const source = await readFile(program, 'utf8')
    expect(/```ts\n(.*?)```/s.exec(await readFile(packageFile('README.md'), 'utf8'))?.[1]).toBe(source)
    expect(source.split('\n').length).toBeLessThanOrEqual(41)
    await using folder = await temporaryFolder()
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--conditions=attune-source', program, folder.path], { cwd: dirname(program) })
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^[\d.]+ with \{/)
    const study = await studyFolder(folder.path)
    expect((await readdir(study)).filter((name) => name.startsWith('trial-'))).toHaveLength(20)
    expect(await points(join(study, 'trial-0019'), 'loss')).toHaveLength(10)
    expect(await points(join(study, 'trial-0019'), 'objective')).toHaveLength(1)
  })

  test('that is renamed between two sessions stays in its folder', async () => {
    await using folder = await temporaryFolder()
    const storage = new MemoryStorage(systemClock)
    const objective = async function* (): AsyncGenerator<{ readonly step: number; readonly score: number }> {
      for (let step = 1; step <= 3; step++) yield { step, score: step }
    }
    {
      await using study = await openStudy(storage, folder.path)
      await study.optimize(objective, { trials: 2 })
      await study.rename('digits')
    }
    await using study = await createStudy({ name: 'digits', space, objective: maximize('score'), storage, ifExists: 'resume', loggers: [tensorboard({ logDir: folder.path })] })
    await study.optimize(objective, { trials: 4 })
    await study.close()
    await expectEverythingLogged(study, folder.path)
  })
})
