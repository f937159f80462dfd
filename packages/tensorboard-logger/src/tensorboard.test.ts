import { cp, mkdir, readdir, readFile, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger, LoggerContext, StudyEvent } from '@attune/core'
import { describe, expect, test } from 'vitest'
import { eventFiles, points, runValues, temporaryFolder } from './files.test-support.ts'
import { context, dimension, HistoryScript, spaceOf } from './study-events.test-support.ts'
import { tensorboard } from './tensorboard.ts'

const learningCurve = new HistoryScript()
  .start(0)
  .report(0, 1, { loss: 2.4, accuracy: 0.25 })
  .report(0, 2, { loss: 1, accuracy: 0.5 })
  .end(0, { state: 'complete', metrics: { loss: 1, accuracy: 0.5, size: 1024 }, values: [0.5] })

async function open(logDir: string, of: LoggerContext = context()): Promise<Logger> {
  return tensorboard({ logDir }).create(of)
}

/** Sends what a study would send: the events after the logger's cursor. */
async function send(logger: Logger, events: readonly StudyEvent[]): Promise<void> {
  for (const event of events) if (logger.cursor === 'now' || event.revision > logger.cursor) await logger.log(event)
}

async function logAll(logDir: string, events: readonly StudyEvent[], of: LoggerContext = context()): Promise<string> {
  const logger = await open(logDir, of)
  await send(logger, events)
  await logger.close()
  return join(logDir, (await readdir(logDir))[0]!)
}

describe('one trial', () => {
  test('leaves its curves, its objective, what no curve shows, and a session', async () => {
    await using folder = await temporaryFolder()
    const study = await logAll(folder.path, learningCurve.events)
    const run = join(study, 'trial-0000')
    expect(await points(run, 'loss')).toEqual([[1, Math.fround(2.4)], [2, 1]])
    expect(await points(run, 'accuracy')).toEqual([[1, 0.25], [2, 0.5]])
    expect(await points(run, 'objective')).toEqual([[2, 0.5]])
    expect(await points(run, 'size')).toEqual([[2, 1024]])
    expect(await points(run, 'pruned')).toEqual([[2, 0]])
    const values = (await runValues(run)).map(([, value]) => value)
    expect(values).toContainEqual(expect.objectContaining({ kind: 'session-start', hparams: { learningRate: 0.01, 'optimizer.type': 'adam', 'optimizer.sgd.momentum': 0, 'optimizer.sgd.nesterov': 'n/a', batchNorm: true } }))
    expect(values).toContainEqual(expect.objectContaining({ kind: 'session-end', status: 'success' }))
    expect(values.filter((value) => value.kind === 'session-start')).toHaveLength(1)
  })

  test('whose steps begin at 0 is in one file, which takes nothing back', async () => {
    await using folder = await temporaryFolder()
    const script = new HistoryScript().start(0, { learningRate: 0.25 }).report(0, 0, { loss: 2 }).report(0, 1, { loss: 1 }).end(0, { state: 'complete', metrics: { loss: 1 }, values: [1] })
    const run = join(await logAll(folder.path, script.events), 'trial-0000')
    expect(await eventFiles(run)).toHaveLength(1)
    expect(await points(run, 'loss')).toEqual([[0, 2], [1, 1]])
    expect(await points(run, 'objective')).toEqual([[1, 1]])
  })

  test('is in its file while it runs', async () => {
    await using folder = await temporaryFolder()
    const logger = await open(folder.path)
    await send(logger, learningCurve.events.slice(0, 2))
    const run = join(folder.path, (await readdir(folder.path))[0]!, 'trial-0000')
    expect(await points(run, 'loss')).toEqual([[1, Math.fround(2.4)]])
    await logger.close()
  })

  test('whose metric is named as the column of the objective has there what it ended with', async () => {
    await using folder = await temporaryFolder()
    const script = new HistoryScript()
      .start(0).report(0, 1, { objective: 2 }).report(0, 2, { objective: 1 }).end(0, { state: 'complete', metrics: { objective: 0.25 }, values: [0.25] })
      .start(1).report(1, 1, { objective: 1 }).end(1, { state: 'complete', metrics: { objective: 1 }, values: [1] })
      .start(2).report(2, 1, { objective: 1, loss: 1 }).report(2, 2, { objective: NaN, loss: NaN }).end(2, { state: 'failed', message: 'loss is NaN' })
    const study = await logAll(folder.path, script.events, context({ objectives: [{ metric: 'objective', direction: 'minimize', from: 'last' }], trials: script.trials }))
    expect(await points(join(study, 'trial-0000'), 'objective')).toEqual([[1, 2], [2, 1], [3, 0.25]])
    expect(await points(join(study, 'trial-0001'), 'objective')).toEqual([[1, 1]])
    // It would spoil the order of all rows.
    expect(await points(join(study, 'trial-0002'), 'objective')).toEqual([[1, 1]])
    expect(await points(join(study, 'trial-0002'), 'loss')).toEqual([[1, 1], [2, NaN]])
  })

  test('that was pruned keeps its objective; one that failed has none, and says why', async () => {
    await using folder = await temporaryFolder()
    const script = new HistoryScript()
      .start(0).report(0, 3, { accuracy: 0.125 }).end(0, { state: 'pruned', metrics: { accuracy: 0.125 }, values: [0.125] })
      .start(1).end(1, { state: 'failed', message: 'a | b\n<script>' })
    const study = await logAll(folder.path, script.events)
    expect(await points(join(study, 'trial-0000'), 'objective')).toEqual([[3, 0.125]])
    expect(await points(join(study, 'trial-0000'), 'pruned')).toEqual([[3, 1]])
    expect(await points(join(study, 'trial-0001'), 'objective')).toEqual([])
    const failed = (await runValues(join(study, 'trial-0001'))).map(([, value]) => value)
    expect(failed).toContainEqual(expect.objectContaining({ kind: 'session-end', status: 'failure' }))
    expect(failed).toContainEqual(expect.objectContaining({ kind: 'text', markdown: expect.stringContaining(String.raw`| failure | error: a \| b &lt;script\> |`) }))
  })

  test.each([Infinity, -Infinity, 1e300])('with the objective %s has no objective scalar but the exact value as text', async (value) => {
    await using folder = await temporaryFolder()
    const script = new HistoryScript().start(0).report(0, 1, { loss: Number.NaN }).end(0, { state: 'complete', metrics: { score: value }, values: [value] })
    const run = join(await logAll(folder.path, script.events), 'trial-0000')
    expect(await points(run, 'objective')).toEqual([])
    expect(await points(run, 'loss')).toEqual([[1, Number.NaN]])
    expect(await runValues(run)).toContainEqual([1, expect.objectContaining({ kind: 'text', markdown: expect.stringContaining(`| metric score | ${value} |`) })])
  })

  test('of several objectives has one scalar for each', async () => {
    await using folder = await temporaryFolder()
    const objectives = [{ metric: 'accuracy', direction: 'maximize', from: 'last' }, { metric: 'latency', direction: 'minimize', from: 'last' }] as const
    const script = new HistoryScript().start(0).end(0, { state: 'complete', metrics: { accuracy: 0.5, latency: 4 }, values: [0.5, 4] })
    const run = join(await logAll(folder.path, script.events, context({ objectives })), 'trial-0000')
    expect(await points(run, 'objective/accuracy')).toEqual([[0, 0.5]])
    expect(await points(run, 'objective/latency')).toEqual([[0, 4]])
  })

  test('that reports metrics called as our own keeps them as reported', async () => {
    await using folder = await temporaryFolder()
    const script = new HistoryScript().start(0).report(0, 1, { objective: 7, pruned: 8 }).end(0, { state: 'complete', metrics: { objective: 7, pruned: 8 }, values: [7] })
    const run = join(await logAll(folder.path, script.events), 'trial-0000')
    expect(await points(run, 'objective')).toEqual([[1, 7]])
    expect(await points(run, 'pruned')).toEqual([[1, 8]])
  })

  test('defined by running gets its session when it ends and its parameters are known', async () => {
    await using folder = await temporaryFolder()
    const space = spaceOf({ ...dimension('x', 'number'), dynamic: true }, { ...dimension('deep', [true, false]), dynamic: true })
    const script = new HistoryScript().start(0, { x: 1 }).report(0, 1, { loss: 1 })
    script.amend(0, { flatParams: { x: 1, deep: true } })
    script.events.pop()
    script.end(0, { state: 'complete', metrics: { loss: 1 }, values: [1] })
    const values = (await runValues(join(await logAll(folder.path, script.events, context({ space, definedByRunning: true })), 'trial-0000'))).map(([, value]) => value)
    expect(values.filter((value) => value.kind === 'session-start')).toEqual([expect.objectContaining({ hparams: { x: 1, deep: 'true' } })])
  })

  test('born ended, and one that is corrected later', async () => {
    await using folder = await temporaryFolder()
    const script = new HistoryScript().end(0, { state: 'complete', metrics: { accuracy: 0.5 }, values: [0.5] }).amend(0, { metrics: { accuracy: 0.75 }, values: [0.75] })
    const run = join(await logAll(folder.path, script.events), 'trial-0000')
    expect(await points(run, 'objective')).toEqual([[0, 0.75]])
  })
})

describe('a restart', () => {
  const script = new HistoryScript()
  for (let number = 0; number < 3; number++) script.start(number)
  for (let step = 1; step <= 4; step++) for (let number = 0; number < 3; number++) script.report(number, step, { loss: number + step / 8 })
  for (let number = 0; number < 3; number++) script.end(number, { state: 'complete', metrics: { loss: number + 0.5 }, values: [number + 0.5] })

  /** Everything in a study's folder, apart from the files that hold it. */
  async function contents(study: string): Promise<unknown> {
    const runs = (await readdir(study)).filter((name) => name.startsWith('trial-')).sort()
    return Promise.all(runs.map(async (run) => [run, await runValues(join(study, run))]))
  }

  test('after any event, with or without a close, leaves what an undisturbed run leaves', async () => {
    await using undisturbed = await temporaryFolder()
    const expected = await contents(await logAll(undisturbed.path, script.events))
    for (let at = 0; at <= script.events.length; at++) {
      for (const closes of [true, false]) {
        await using folder = await temporaryFolder()
        const first = await open(folder.path)
        await send(first, script.events.slice(0, at))
        if (closes) await first.close()
        const second = await open(folder.path)
        if (closes) expect(second.cursor).toBe(at)
        await send(second, script.events)
        await second.close()
        await first.close()
        expect(await contents(join(folder.path, (await readdir(folder.path))[0]!))).toEqual(expected)
      }
    }
  })

  test('P8: after a crash in the middle of a record the run of a trial is written again as a whole', async () => {
    await using undisturbed = await temporaryFolder()
    const study = await logAll(undisturbed.path, script.events)
    const expected = await contents(study)
    const [file] = await eventFiles(join(study, 'trial-0001'))
    const { length } = await readFile(file!)
    for (let cut = length - 1; cut > 0; cut -= 11) {
      await using folder = await temporaryFolder()
      await cp(undisturbed.path, folder.path, { recursive: true })
      const copied = file!.replace(undisturbed.path, folder.path)
      await truncate(copied, cut)
      await writeFile(join(folder.path, (await readdir(folder.path))[0]!, 'attune-cursor.json'), '{"format":')
      expect(await contents(await logAll(folder.path, script.events))).toEqual(expected)
      expect(await eventFiles(join(copied, '..'))).toHaveLength(1)
    }
  })

  test('knows the study by its id: another one of the same name has a folder of its own', async () => {
    await using folder = await temporaryFolder()
    await logAll(folder.path, script.events, context({ id: 'first' }))
    await logAll(folder.path, script.events, context({ id: 'second' }))
    expect(await readdir(folder.path)).toHaveLength(2)
  })

  test('refuses a cursor of a newer release', async () => {
    await using folder = await temporaryFolder()
    const study = await logAll(folder.path, script.events)
    await writeFile(join(study, 'attune-cursor.json'), '{"format":"attune-tensorboard-cursor","version":2,"place":"x"}')
    await expect(open(folder.path)).rejects.toMatchObject({ code: 'TENSORBOARD_CURSOR', message: expect.stringContaining('newer release') })
  })

  test.each(['', 'null', '[]', '{"format":"attune-tensorboard-cursor","version":1,"revision":-1}', '{"format":"x","version":1,"revision":9}', '\u0000\u0001'])('takes the damaged cursor %j as none', async (text) => {
    await using folder = await temporaryFolder()
    const study = await logAll(folder.path, script.events)
    await writeFile(join(study, 'attune-cursor.json'), text)
    const logger = await open(folder.path)
    expect(logger.cursor).toBe(0)
    await logger.close()
  })
})

describe('an attempt that repeats steps', () => {
  test('leaves only what counts, in one file', async () => {
    await using folder = await temporaryFolder()
    const script = new HistoryScript().start(0)
    for (let step = 1; step <= 5; step++) script.report(0, step, { loss: step, ...(step < 3 ? {} : { late: step }) })
    script.requeue(0).start(0)
    for (let step = 3; step <= 6; step++) script.report(0, step, { loss: step + 100 })
    script.end(0, { state: 'complete', metrics: { loss: 106 }, values: [106] })
    const run = join(await logAll(folder.path, script.events), 'trial-0000')
    expect(await eventFiles(run)).toHaveLength(1)
    expect(await points(run, 'loss')).toEqual([[3, 103], [4, 104], [5, 105], [6, 106]])
    expect(await points(run, 'late')).toEqual([])
    expect(await points(run, 'objective')).toEqual([[6, 106]])
  })
})

describe('the file of an earlier attempt', () => {
  test('is emptied, because a TensorBoard that runs may wait for it, and goes later', async () => {
    await using folder = await temporaryFolder()
    const script = new HistoryScript().start(0).report(0, 1, { loss: 1 }).requeue(0).start(0).report(0, 1, { loss: 2 })
    const run = join(await logAll(folder.path, script.events), 'trial-0000')
    const sizes = async (): Promise<readonly boolean[]> => Promise.all((await readdir(run)).sort().map(async (name) => (await stat(join(run, name))).size > 0))
    expect(await sizes()).toEqual([false, true])
    const [old] = (await readdir(run)).sort()
    const yesterday = Date.now() / 1000 - 86_400
    await utimes(join(run, old!), yesterday, yesterday)
    script.requeue(0).start(0).report(0, 1, { loss: 3 })
    await logAll(folder.path, script.events)
    expect(await readdir(run)).not.toContain(old)
    expect((await sizes()).lastIndexOf(false)).toBe((await sizes()).indexOf(true) - 1)
    expect(await points(run, 'loss')).toEqual([[1, 3]])
  })
})

describe('more running trials than open files', () => {
  test('lose nothing', async () => {
    await using folder = await temporaryFolder()
    const script = new HistoryScript()
    for (let number = 0; number < 80; number++) script.start(number)
    for (let step = 1; step <= 2; step++) for (let number = 0; number < 80; number++) script.report(number, step, { loss: step })
    const study = await logAll(folder.path, script.events)
    for (let number = 0; number < 80; number++) {
      expect(await points(join(study, `trial-${String(number).padStart(4, '0')}`), 'loss')).toEqual([[1, 1], [2, 2]])
    }
  })
})

describe('a folder that cannot be written', () => {
  test('is told once, and what came is written as a whole once it can be', async () => {
    await using folder = await temporaryFolder()
    const of = context({ trials: learningCurve.trials })
    const logger = await open(folder.path, of)
    const study = join(folder.path, (await readdir(folder.path))[0]!)
    const obstacle = join(study, 'trial-0000')
    await writeFile(obstacle, '')
    const [start, first, second, end] = learningCurve.events
    for (const event of [start!, start!, first!, second!]) expect(await logger.log(event)).toBeUndefined()
    expect(of.warnings).toEqual([expect.stringMatching(/A file stands where a folder is needed.* The study goes on; what is missing is written as soon as it can be\.$/)])
    await expect(logger.flush()).rejects.toMatchObject({ code: 'TENSORBOARD_WRITE', message: expect.stringContaining('A file stands where a folder is needed') })
    await rm(obstacle)
    await logger.log(end!)
    await logger.close()
    expect(await points(obstacle, 'loss')).toEqual([[1, Math.fround(2.4)], [2, 1]])
    expect(await points(obstacle, 'objective')).toEqual([[2, 0.5]])
    const again = await open(folder.path)
    expect(again.cursor).toBe(4)
    await again.close()
  })

  test('holds the cursor back until the next start, while other trials go on', async () => {
    await using folder = await temporaryFolder()
    const script = new HistoryScript().start(0).start(1).report(0, 1, { loss: 1 }).report(1, 1, { loss: 2 })
    const logger = await open(folder.path, context({ trials: script.trials }))
    const study = join(folder.path, (await readdir(folder.path))[0]!)
    await writeFile(join(study, 'trial-0000'), '')
    await send(logger, script.events)
    await expect(logger.close()).rejects.toMatchObject({ code: 'TENSORBOARD_WRITE' })
    expect(await points(join(study, 'trial-0001'), 'loss')).toEqual([[1, 2]])
    await rm(join(study, 'trial-0000'))
    const next = await open(folder.path, context({ trials: script.trials }))
    expect(next.cursor).toBe(0)
    await send(next, script.events)
    await next.close()
    expect(await points(join(study, 'trial-0000'), 'loss')).toEqual([[1, 1]])
    expect(await points(join(study, 'trial-0001'), 'loss')).toEqual([[1, 2]])
  })

  test("P13: a TensorBoard logger whose disk takes nothing asks for the event again, and keeps sixteen trials' numbers and no events", async () => {
    await using folder = await temporaryFolder()
    const script = new HistoryScript()
    for (let number = 0; number < 40; number++) script.start(number).report(number, 1, { loss: number })
    const logger = await open(folder.path, context({ trials: script.trials }))
    const study = join(folder.path, (await readdir(folder.path))[0]!)
    for (let number = 0; number < 40; number++) await writeFile(join(study, `trial-${String(number).padStart(4, '0')}`), '')
    const answers: unknown[] = []
    for (const event of script.events) answers.push(await logger.log(event))
    expect(answers.indexOf('later')).toBe(31) // the first event of the seventeenth trial, and all after it
    expect(answers.lastIndexOf(undefined)).toBe(30)
    for (const { number } of script.trials) await rm(join(study, `trial-${String(number).padStart(4, '0')}`))
    for (const event of script.events.slice(31)) expect(await logger.log(event)).toBeUndefined()
    await logger.close()
    for (const { number } of script.trials) expect(await points(join(study, `trial-${String(number).padStart(4, '0')}`), 'loss')).toEqual([[1, number]])
  })

  test('is an error of create when it is the log folder', async () => {
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, 'file'), '')
    await expect(open(join(folder.path, 'file'))).rejects.toMatchObject({ code: 'TENSORBOARD_WRITE', message: expect.stringContaining('logDir') })
  })
})

describe('names', () => {
  const hostile = ['..', '.', '/etc/passwd', 'C:\\Windows', 'a\0b', '\0', 'CON', 'nul.txt', 'trailing. ', 'ü'.repeat(150), '𝔘𝔫𝔦', 'é', 'e\u0301', 'A', 'a', '%2e%2e%2f', '../../x', '~', '-rf', '\ud800', '\ud801', '__proto__', '', ' ', 'a\nb', '🎛'.repeat(80)]

  test('of any kind give a folder each, directly in the log folder', async () => {
    await using folder = await temporaryFolder()
    for (const name of hostile) await logAll(folder.path, learningCurve.events, context({ name, id: `study ${JSON.stringify(name)}` }))
    const folders = await readdir(folder.path)
    expect(folders).toHaveLength(hostile.length)
    expect(new Set(folders.map((name) => name.toLowerCase())).size).toBe(hostile.length)
    for (const name of folders) {
      expect(name).toMatch(/^[A-Za-z0-9_]([A-Za-z0-9_-]{0,39})-[0-9a-f]{10}$/)
      expect(await points(join(folder.path, name, 'trial-0000'), 'objective')).toEqual([[2, 0.5]])
    }
  })

  test('of parameters and metrics stay as they are', async () => {
    await using folder = await temporaryFolder()
    const name = '../__proto__/\u202e'
    const script = new HistoryScript().start(0, Object.assign(Object.create(null), { [name]: 1, constructor: null })).report(0, 1, { [name]: 2 })
    const run = join(await logAll(folder.path, script.events, context({ space: spaceOf() })), 'trial-0000')
    expect(await points(run, name)).toEqual([[1, 2]])
    expect((await runValues(run))[0]).toEqual([-1, expect.objectContaining({ hparams: { [name]: 1, constructor: 'null' } })])
  })

  test.skipIf(process.platform === 'win32')('that are links out of the log folder are refused (Windows wants a privilege for links)', async () => {
    await using folder = await temporaryFolder()
    await using outside = await temporaryFolder()
    const study = await logAll(folder.path, learningCurve.events)
    await rm(join(study, 'trial-0000'), { recursive: true })
    await symlink(outside.path, join(study, 'trial-0000'))
    await writeFile(join(study, 'attune-cursor.json'), '')
    const logger = await open(folder.path, context({ trials: learningCurve.trials }))
    await logger.log(learningCurve.events[0]!)
    await expect(logger.close()).rejects.toMatchObject({ code: 'TENSORBOARD_OUTSIDE' })
    await rm(study, { recursive: true })
    await symlink(outside.path, study)
    await expect(open(folder.path)).rejects.toMatchObject({ code: 'TENSORBOARD_OUTSIDE', message: expect.stringContaining('leads out of') })
    expect(await readdir(outside.path)).toEqual([])
  })

  test('of a log folder that may hold anything: a relative one, one with spaces', async () => {
    await using folder = await temporaryFolder()
    const logDir = join(folder.path, 'my logs', 'ü')
    await mkdir(join(folder.path, 'my logs'))
    await logAll(logDir, learningCurve.events)
    expect(await readdir(logDir)).toHaveLength(1)
  })

  test.each(['', 'a\0b', 7, undefined])('of a log folder cannot be %j', (logDir) => {
    expect(() => tensorboard({ logDir: logDir as string })).toThrow(expect.objectContaining({ code: 'TENSORBOARD_OPTION' }))
  })
})

test('a closed logger takes nothing more, and closing twice is safe', async () => {
  await using folder = await temporaryFolder()
  const logger = await open(folder.path)
  await Promise.all([logger.close(), logger.close()])
  await expect(logger.log(learningCurve.events[0]!)).rejects.toMatchObject({ code: 'TENSORBOARD_CLOSED' })
})

test('calls that overlap, as after a deadline, are written once and in order', async () => {
  await using folder = await temporaryFolder()
  const logger = await open(folder.path)
  await Promise.all(learningCurve.events.flatMap((event) => [event, event]).map(async (event) => logger.log(event)))
  await logger.close()
  const run = join(folder.path, (await readdir(folder.path))[0]!, 'trial-0000')
  expect(await points(run, 'loss')).toEqual([[1, Math.fround(2.4)], [2, 1]])
  expect(await points(run, 'objective')).toEqual([[2, 0.5]])
})
