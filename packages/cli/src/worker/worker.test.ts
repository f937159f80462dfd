import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createStudy, float, loadStudy, minimize, tokens, type Study } from '@attune/core'
import { nodeHost } from '@attune/node'
import { asha } from '@attune/pruners'
import { sqlite, SqliteStorage } from '@attune/storage'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { attune, endAll, newFolder, parsed, removeFolders, start, startProgram, type Ended, type Running } from '../attune.test-support.ts'
import { makeConstrained } from '../studies.test-support.ts'

const trainers = fileURLToPath(new URL('trainers.test-support.ts', import.meta.url))
let folder = ''
let file = ''
beforeEach(async () => {
  folder = await newFolder()
  file = join(folder, 'study.db')
})
afterEach(async () => {
  await endAll()
  await removeFolders()
})

const open = (): Promise<Study<{ x: number }>> =>
  createStudy({ name: 'shared', storage: sqlite(file), space: { x: float(0, 1) }, objective: minimize('loss'), pruner: asha(), seed: 1, use: [{ register: (registry) => registry.factory(tokens.host, [], nodeHost) }] })

/** Makes the study, as the program of a user does who leaves the trials to workers. */
const make = async (): Promise<void> => (await open()).close()

const worker = (trainer: string, more: readonly string[], environment: { readonly [name: string]: string } = {}): Running =>
  start(['worker', '-s', file, '--study', 'shared', '--trainer', `${trainers}#${trainer}`, ...more], environment)

const with_ = (name: string): readonly string[] => ['--options', `${trainers}#${name}`]

/** What the file says in the end. */
async function result(): Promise<{ readonly trials: ReturnType<Study['trials']>; readonly workers: Awaited<ReturnType<Study['workers']>>; readonly done: number }> {
  const storage = await SqliteStorage.open(file)
  try {
    const study = await loadStudy({ storage, name: 'shared' })
    const { complete, pruned } = study.counts
    return { trials: study.trials(), workers: (await study.workers()).filter(({ ended }) => ended > 0), done: complete + pruned }
  } finally {
    await storage.close()
  }
}

/** Exactly so many trials, numbered without gaps, none of them still open. */
async function exactly(wanted: number): Promise<Awaited<ReturnType<typeof result>>> {
  const found = await result()
  expect(found.done).toBe(wanted)
  expect(found.trials.map(({ number, state }) => [number, state])).toEqual(Array.from({ length: wanted }, (_, number) => [number, expect.stringMatching(/complete|pruned/)]))
  return found
}

const document = ({ output }: Ended): ReturnType<typeof parsed> => parsed(output.trimEnd().split('\n').at(-1)!)

describe('two workers on one file', () => {
  it('P2: two `attune worker` processes share 50 trials: exactly 50 are done, numbered without gaps, some by each', async () => {
    await make()
    const both = [0, 1].map(() => worker('gated', ['--trials', '50', '--json'], { GATES: 'first' }))
    // Each has a trial before either goes on.
    for (const one of both) await one.said(/trial \d+ waits/)
    for (const one of both) one.tell('go on')
    const ended = await Promise.all(both.map((one) => one.ended))
    expect(ended.map(({ code, errors }) => (code === 0 ? 0 : errors))).toEqual([0, 0])
    const { workers } = await exactly(50)
    expect(workers.map(({ state, ended: own }) => [state, own > 0])).toEqual([['closed', true], ['closed', true]])
    const own = ended.map((one) => document(one).ended.complete + document(one).ended.pruned)
    expect(new Set(own)).toEqual(new Set(workers.map((one) => one.ended)))
    expect(own[0] + own[1]).toBe(50)
  })

  it('a worker that joins late takes its part', async () => {
    await make()
    const early = worker('gated', ['--trials', '30'], { GATES: '10' })
    await early.said(/trial 10 waits/)
    const late = worker('gated', [], { GATES: 'first' })
    await late.said(/trial 11 waits/)
    for (const one of [early, late]) one.tell('go on')
    expect((await early.ended).code).toBe(0)
    // It was not told how many: it took the goal of the other.
    expect((await late.ended).errors).toMatch(/, 30 trials; 10 done already/)
    expect((await exactly(30)).workers).toHaveLength(2)
  })

  it('P16: a worker that is interrupted puts its trial back, and leaves; another goes on from its checkpoint', async () => {
    await make()
    const environment = { ARTIFACTS: join(folder, 'artifacts') }
    const leaving = worker('inSteps', ['--trials', '12', ...with_('kept')], { ...environment, GATES: '3' })
    await leaving.said(/trial 3 waits/)
    const staying = worker('inSteps', ['--trials', '12', ...with_('kept')], { ...environment, GATES: 'first' })
    await staying.said(/trial 4 waits/)
    leaving.child.kill('SIGINT')
    const left = await leaving.ended
    expect({ code: left.code, signal: left.signal }).toEqual({ code: 130, signal: null })
    expect(left.errors).toContain('Stopping: running trials are put back.')
    expect(left.output).toMatch(/It stopped because it was interrupted\.\n$/)
    staying.tell('go on')
    expect((await staying.ended).output).toContain('trial 3 goes on after step 3')
    const { trials } = await exactly(12)
    expect(trials[3]).toMatchObject({ attempt: 2, earlierFailures: [{ reason: 'aborted' }] })
    // What was reported before is not reported twice.
    expect(trials[3]!.reports.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5])
  })

  it('P5: the trial of a worker that is killed is taken over at once, by attempt 2', async () => {
    await make()
    const killed = worker('gated', ['--trials', '20', ...with_('options')], { GATES: '3' })
    await killed.said(/trial 3 waits/)
    const other = worker('gated', ['--trials', '20', ...with_('options')], { GATES: 'first' })
    await other.said(/trial 4 waits/)
    killed.child.kill('SIGKILL')
    expect(await killed.ended).toMatchObject({ code: null, signal: 'SIGKILL' })
    other.tell('go on')
    expect((await other.ended).code).toBe(0)
    const { trials } = await exactly(20)
    expect(trials[3]).toMatchObject({ attempt: 2, earlierFailures: [{ reason: 'lost' }] })
    expect(trials.filter(({ attempt }) => attempt > 1)).toHaveLength(1)
  })

  it('a worker takes the goal of a program that optimizes at the same time', async () => {
    const study = await open()
    let joined!: (value: unknown) => void
    const someone = new Promise((resolve) => (joined = resolve))
    const begun = new Promise<void>((resolve) => void study.on(({ type }) => type === 'trial.started' && resolve()))
    const optimizing = study.optimize(async ({ params }) => {
      await someone
      return (params.x - 0.5) ** 2
    }, { trials: 15 })
    await begun
    const helping = worker('gated', [], { GATES: 'first' })
    await helping.said(/trial \d+ waits/)
    joined(undefined)
    helping.tell('go on')
    expect((await helping.ended).code).toBe(0)
    await optimizing
    await study.close()
    expect((await exactly(15)).workers).toHaveLength(2)
  })
})

describe('interrupting', () => {
  describe.each(['blocking', 'blockingSteps'])('%s', (trainer) => {
    it('P16: Ctrl-C reaches a worker whose training never lets the event loop turn', async () => {
      await make()
      const busy = worker(trainer, ['--trials', '100000'])
      await busy.said(/^shared: minimize loss/m)
      busy.child.kill('SIGINT')
      expect((await busy.ended).code).toBe(130)
      expect((await result()).trials.filter(({ state }) => state === 'running')).toEqual([])
    })
  })

  it('P16, broken twin: without turns of the event loop in between, Ctrl-C is heard after the last trial, where the storage never waits', async () => {
    await make()
    const busy = startProgram(fileURLToPath(new URL('without-turns.test-support.ts', import.meta.url)), [])
    await busy.said(/begins/)
    busy.child.kill('SIGINT')
    expect((await busy.ended).output).toContain('ended with 100 trials')
  })

  it('SIGTERM ends with 143', async () => {
    await make()
    const waiting = worker('gated', ['--trials', '5'], { GATES: '0' })
    await waiting.said(/trial 0 waits/)
    waiting.child.kill('SIGTERM')
    expect((await waiting.ended).code).toBe(143)
    expect((await result()).trials[0]).toMatchObject({ state: 'waiting', attempt: 1 })
  })

  it('P16: training that does not listen is left behind after the grace period', async () => {
    await make()
    const deaf = worker('deaf', ['--trials', '5', ...with_('impatient')])
    await deaf.said(/trial 0 is deaf/)
    deaf.child.kill('SIGINT')
    expect((await deaf.ended).code).toBe(130)
    expect((await result()).trials[0]).toMatchObject({ state: 'waiting' })
  })

  it('a second Ctrl-C ends at once', async () => {
    await make()
    const deaf = worker('deaf', ['--trials', '5'])
    await deaf.said(/trial 0 is deaf/)
    deaf.child.kill('SIGINT')
    await deaf.said(/Stopping/)
    deaf.child.kill('SIGINT')
    const { code, output } = await deaf.ended
    expect(code).toBe(130)
    expect(output).not.toContain('It stopped')
  })
})

describe('child processes', () => {
  it('run the trials of a worker with --slots', async () => {
    await make()
    const { code, output, errors } = await worker('inProcess', ['--trials', '6', '--slots', '2', '--json']).ended
    expect(code, errors).toBe(0)
    expect(parsed(output)).toMatchObject({ study: 'shared', ended: { complete: 6 }, goal: 6, interrupted: false })
    const pids = new Set((await exactly(6)).trials.map(({ metrics }) => metrics['pid']))
    expect(pids.has(process.pid)).toBe(false)
    expect(pids.size).toBeGreaterThanOrEqual(1)
  })

  it.each([['0,1', ['0', '1']], ['GPU-1a, 3', ['GPU-1a', '3']]] as const)('see one card each with --devices %s', async (devices, cards) => {
    await make()
    const waiting = worker('seesCards', ['--trials', '5', '--slots', '2', '--devices', devices])
    const [both] = await waiting.said(/sees cards .*\n(.*\n)*sees cards .*\n/)
    waiting.child.kill('SIGINT')
    expect((await waiting.ended).code).toBe(130)
    expect(new Set(Array.from(both.matchAll(/sees cards "(.*)"/g), ([, card]) => card))).toEqual(new Set(cards))
  })

  it.each([
    ['0,,1', [], 'It should be numbers of cards'],
    ['', [], 'It should be numbers of cards'],
    ['0', ['--slots', '2'], 'not for slots: 2'],
    ['0,0', [], 'A device is named twice'],
    ['-1', [], '"-1" is no device'],
  ])('are refused with --devices %j %j', async (devices, more, why) => {
    await make()
    expect(await attune(['worker', '-s', file, '--study', 'shared', '--trainer', `${trainers}#seesCards`, '--trials', '5', `--devices=${devices}`, ...more])).toMatchObject({ code: 2, errors: expect.stringContaining(why) })
  })

  it.each([['SIGINT', 130], ['SIGTERM', 143]] as const)('P16: Ctrl-C or SIGTERM at a worker and its child processes leaves none of them, lets their trials end, and puts them back (%s)', async (signal, exitCode) => {
    await make()
    const waiting = start(['worker', '-s', file, '--study', 'shared', '--trainer', `${trainers}#untilAborted`, '--trials', '5', '--slots', '2'])
    const [both] = await waiting.said(/process \d+ waits\n(.*\n)*process \d+ waits\n/)
    const children = Array.from(both.matchAll(/process (\d+) waits/g), ([, pid]) => Number(pid))
    expect(children).toHaveLength(2)
    // As a terminal or a manager of services does that reaches every process.
    for (const pid of [...children, waiting.child.pid!]) process.kill(pid, signal)
    const { code, output } = await waiting.ended
    expect(code).toBe(exitCode)
    expect(output.match(/process \d+ ends/g)).toHaveLength(2)
    for (const pid of children) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
    expect((await result()).trials.map(({ state, failure }) => ({ state, failure }))).toEqual(Array(2).fill({ state: 'waiting', failure: undefined }))
  })

  it('run the trials of an exclusive trainer, where several are to run at once', async () => {
    await make()
    for (const [trials, here, concurrency] of [[3, true, []], [6, false, ['--concurrency', '2']], [9, false, with_('together')]] as const) {
      const running = worker('exclusive', ['--trials', String(trials), ...concurrency, '--json'])
      const { code, errors } = await running.ended
      expect(code, errors).toBe(0)
      const last = (await exactly(trials)).trials.slice(-3)
      expect(last.map(({ metrics }) => metrics['pid'] === running.child.pid)).toEqual([here, here, here])
    }
  })
})

describe('what a worker is given', () => {
  const run = (args: readonly string[]): Promise<Ended> => attune(['worker', '-s', file, '--study', 'shared', ...args])
  const trained = (name: string, ...more: readonly string[]): Promise<Ended> => run(['--trainer', `${trainers}#${name}`, '--quiet', ...more])

  it('a study comes first: a worker makes neither file nor study', async () => {
    expect(await trained('gated', '--trials', '5')).toMatchObject({ code: 3, errors: expect.stringContaining(`There is no file ${file}`) })
    await makeConstrained(file)
    expect(await trained('gated', '--trials', '5')).toMatchObject({ code: 3, errors: expect.stringContaining('it has "constrained"') })
    // Then another program makes it, and the same command works.
    await make()
    expect(await trained('gated', '--trials', '5')).toMatchObject({ code: 0, output: expect.stringContaining('This worker ended 5 trials: 5 complete.\nshared has 5 of 5 trials (5 complete).') })
  })

  it('a goal: from --trials or the last run, else two workers on it are both refused', async () => {
    await make()
    for (const { code, errors } of await Promise.all([trained('gated'), trained('gated')])) {
      expect(code).toBe(2)
      expect(errors).toContain('Nobody has said yet how many trials study "shared" should have: give --trials 100')
    }
    expect((await trained('gated', '--trials', '4')).code).toBe(0)
    expect(await trained('gated')).toMatchObject({ code: 0, output: expect.stringContaining('This worker ended no trial.') })
  })

  it('a trainer: a module that exists, and an export of it', async () => {
    await make()
    const trainer = (reference: string): Promise<Ended> => run(['--trainer', reference, '--trials', '3'])
    expect(await trainer('./nowhere.js#x')).toMatchObject({ code: 2, errors: expect.stringContaining('there is no file') })
    expect(await trainer(`${trainers}#gatd`)).toMatchObject({ code: 2, errors: expect.stringContaining('exports no "gatd": it exports "gated", "inSteps"') })
    expect(await trainer(trainers)).toMatchObject({ code: 2, errors: expect.stringContaining('exports no "default"') })
    expect(await trainer(`${trainers}#nothing`)).toMatchObject({ code: 2, errors: expect.stringContaining('#nothing: this is of type number. Export a trainer') })
  })

  it('functions of the space come from --options, and are missed where they are not given', async () => {
    await makeConstrained(file)
    const constrained = (...more: readonly string[]): Promise<Ended> => attune(['worker', '-s', file, '--study', 'constrained', '--trainer', `${trainers}#sum`, '--trials', '6', '--quiet', ...more])
    expect(await constrained()).toMatchObject({ code: 1, errors: expect.stringMatching(/constraint "sum" \(version 2\).*--options \.\/study\.js#options/) })
    expect(await constrained('--options', `${trainers}#other`)).toMatchObject({ code: 1, errors: expect.stringContaining('exists with another definition') })
    expect(await constrained('--options', `${trainers}#nothing`)).toMatchObject({ code: 2, errors: expect.stringContaining('this is of type number') })
    expect(await constrained('--options', `${trainers}#whole`)).toMatchObject({ code: 0 })
    const { trials } = parsed((await attune(['export', 'constrained', '--json', '-s', file])).output)
    expect(trials).toHaveLength(6)
    for (const { params } of trials) expect(params.a + params.b).toBeLessThanOrEqual(1)
  })

  it('another sampler than the study was opened with is warned of', async () => {
    await make()
    const shown = async (): Promise<readonly { readonly source: string; readonly message: string }[]> => parsed((await attune(['show', 'shared', '--json', '-s', file])).output).warnings
    expect((await worker('gated', ['--trials', '2', ...with_('randomly')]).ended).code).toBe(0)
    expect(await shown()).toEqual([])
    expect((await trained('gated', '--trials', '4')).code).toBe(0)
    expect(await shown()).toMatchObject([{ source: 'worker', message: expect.stringMatching(/^The sampler here is auto@\d+, and random@1 in /) }])
  })

  it('with --json its output is one document, whatever the trainer prints', async () => {
    await make()
    const waiting = worker('gated', ['--trials', '3', '--json'], { GATES: '0' })
    await waiting.said(/trial 0 waits/)
    waiting.tell('go on')
    const { output, errors } = await waiting.ended
    expect(errors).toContain('trial 0 waits')
    expect(parsed(output)).toMatchObject({ study: 'shared', reason: '3 trials are done', interrupted: false, ended: { complete: 3, pruned: 0, failed: 0 }, goal: 3, counts: { complete: 3 } })
  })
})
