import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { AttuneError, constant, MemoryArtifacts, type Executor, type Json, type StudyEvent } from '@attune/core'
import { afterEach, describe, expect, it } from 'vitest'
import { automatic } from './automatic.ts'
import { processes } from './processes.ts'
import { threads } from './threads.ts'
import { cleanUp, folder, isCollected, isGone, once, studyOn, training, until } from './studies.test-support.ts'

afterEach(cleanUp)

const warningsOf = (events: readonly StudyEvent[]): readonly string[] => events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))

describe('a child process', () => {
  it('is started once, loads the module once, and is used again by the next run', async () => {
    const study = await studyOn(processes({ slots: 1 }))
    await study.optimize(training('where'), { trials: 3 })
    await study.optimize(training('where'), { trials: 5 })
    expect(study.trials().map(({ metrics }) => metrics['loads'])).toEqual([1, 2, 3, 4, 5])
    expect(new Set(study.trials().map(({ metrics }) => metrics['pid'])).size).toBe(1)
  })

  it('gets no variables but those that are allowed, those of its slot, and those that are given', async () => {
    process.env['ATTUNE_CANARY_TOKEN'] = 'canary'
    try {
      const study = await studyOn(processes({ slots: 1, env: { MODEL_DIRECTORY: '/models' } }))
      const environment = (await once(study, training('where'))).attributes['environment'] as { readonly [name: string]: string }
      expect(environment).toMatchObject({ PATH: process.env['PATH'], MODEL_DIRECTORY: '/models', OMP_NUM_THREADS: '1', ATTUNE_CPUS: '1', CUDA_VISIBLE_DEVICES: '', ATTUNE_RUNNER: '1' })
      expect(JSON.stringify(environment)).not.toContain('canary')
      const known = /^(PATH|HOME|USERPROFILE|(LD|DYLD)_LIBRARY_PATH|TMPDIR|TE?MP|LANG|LC_ALL|TZ|SystemRoot|SystemDrive|windir|CUDA_.*|VK_.*|NODE_EXTRA_CA_CERTS|NO_COLOR|FORCE_COLOR|MODEL_DIRECTORY|ATTUNE_(CPUS|RUNNER)|\w+_NUM_\w*THREADS|VECLIB_MAXIMUM_THREADS|UV_THREADPOOL_SIZE)$/
      expect(Object.keys(environment).filter((name) => !known.test(name))).toEqual([])
    } finally {
      delete process.env['ATTUNE_CANARY_TOKEN']
    }
  })

  it.skipIf(process.platform !== 'linux')('inherits no file that this process has open (on Linux, where they can be seen)', async () => {
    const path = join(folder(), 'history.db')
    const file = openSync(path, 'w')
    try {
      const study = await studyOn(processes({ slots: 1 }))
      const files = (await once(study, training('where'))).attributes['files'] as readonly string[]
      expect(files.length).toBeGreaterThan(3)
      expect(files.filter((one) => one.includes('history.db'))).toEqual([])
    } finally {
      closeSync(file)
    }
  })

  it('sees the cards of its slot, and takes its flags of Node', async () => {
    const study = await studyOn(processes({ devices: [0, 'GPU-1a2b'], cpus: 8, perTrial: { device: 0.5, cpus: 2 }, nodeOptions: ['--expose-gc'] }))
    const seen = new Map<string, Set<number>>()
    await study.optimize(training('where'), { trials: 12 })
    for (const { attributes, metrics } of study.trials()) {
      const { CUDA_VISIBLE_DEVICES, OMP_NUM_THREADS } = attributes['environment'] as { readonly [name: string]: string }
      expect(OMP_NUM_THREADS).toBe('2')
      expect(attributes['flags']).toContain('--expose-gc')
      seen.set(CUDA_VISIBLE_DEVICES!, (seen.get(CUDA_VISIBLE_DEVICES!) ?? new Set()).add(metrics['pid']!))
    }
    expect([...seen.keys()].sort()).toEqual(['0', 'GPU-1a2b'])
    for (const pids of seen.values()) expect(pids.size).toBeLessThanOrEqual(2)
  })

  it('is ended by force when its trial does not end after an abort', async () => {
    const study = await studyOn(processes({ slots: 1 }))
    const controller = new AbortController()
    const run = study.optimize(training('announces'), { trials: 1, grace: 100, signal: controller.signal })
    await until(() => study.trials()[0]?.reports.length === 1)
    const pid = study.trials()[0]!.attributes['pid'] as number
    controller.abort()
    expect((await run).aborted).toBe(true)
    expect(isGone(pid)).toBe(true)
    expect(study.trials()[0]!.state).toBe('waiting')
  })

  it('is gone once the study is closed, with its trainer released first', async () => {
    const events: StudyEvent[] = []
    const study = await studyOn(processes({ slots: 2, output: 'ignore' }))
    study.on((event) => void events.push(event))
    await study.optimize(training('where'), { trials: 4 })
    await study.optimize(training('releases'), { trials: 6 })
    const pids = study.trials().flatMap(({ metrics }) => metrics['pid'] ?? [])
    expect(pids.some((pid) => !isGone(pid))).toBe(true)
    await study.close()
    expect(pids.filter((pid) => !isGone(pid))).toEqual([])
    expect(warningsOf(events)).toEqual([])
  })

  it('is gone once the study is closed while its trial is in an endless loop', async () => {
    const study = await studyOn(processes({ slots: 1 }))
    const run = study.optimize(training('announces'), { trials: 1, grace: 100 })
    await until(() => study.trials()[0]?.reports.length === 1)
    const pid = study.trials()[0]!.attributes['pid'] as number
    await Promise.all([run, study.close()])
    expect(isGone(pid)).toBe(true)
  })

  it.skipIf(process.platform === 'win32').each(['exit', 'loop', 'return'])('ends with the programs that its trial has started (where it goes on with: %s; not on Windows, which has no process groups)', async (after) => {
    const study = await studyOn(processes({ slots: 1 }), { space: { after: constant(after) } })
    const controller = new AbortController()
    const started = (): readonly number[] => study.trials().flatMap(({ attributes }) => (typeof attributes['pid'] === 'number' ? [attributes['pid'], attributes['program'] as number] : []))
    try {
      const run = study.optimize(training('startsProgram'), { trials: 1, grace: 50, signal: controller.signal, stop: ({ counts }) => (counts.failed > 0 ? 'one has failed' : undefined) })
      await until(() => started().length > 0)
      if (after === 'loop') controller.abort()
      await run
      await study.close()
      await until(() => started().every(isGone))
    } finally {
      for (const pid of started()) if (!isGone(pid)) process.kill(pid, 'SIGKILL')
    }
  })

  it('that leaves a process behind which holds its output open is known to have ended all the same', async () => {
    const study = await studyOn(processes({ slots: 1 }))
    try {
      expect((await once(study, training('leavesProcess'))).failure).toMatchObject({ reason: 'crashed', message: expect.stringContaining('exited with code 4') })
    } finally {
      for (const { attributes } of study.trials()) if (typeof attributes['left'] === 'number') process.kill(attributes['left'], 'SIGKILL')
    }
  })

  it('that crashes loses nothing that was reported: the next attempt goes on from the last checkpoint in another one', async () => {
    const study = await studyOn(processes({ slots: 1 }), { artifacts: new MemoryArtifacts() })
    await study.optimize(training('diesOnce'), { trials: 1, retry: 1 })
    const { state, attempt, reports, earlierFailures } = study.trials()[0]!
    expect([state, attempt, earlierFailures.map(({ reason }) => reason)]).toEqual(['complete', 2, ['crashed']])
    expect(reports.map(({ step, metrics }) => [step, metrics['from']])).toEqual([[1, 0], [2, 0], [3, 2], [4, 2]])
    expect(reports[2]!.metrics['pid']).not.toBe(reports[1]!.metrics['pid'])
  })

  it('that ends between two trials is told of, and replaced', async () => {
    const events: StudyEvent[] = []
    const executor = processes({ slots: 1 })
    const study = await studyOn(executor)
    study.on((event) => void events.push(event))
    await study.optimize(training('where'), { trials: 1 })
    const pid = study.trials()[0]!.metrics['pid']!
    process.kill(pid, 'SIGKILL')
    await until(() => isCollected(pid))
    await study.optimize(training('where'), { trials: 3 })
    await study.optimize(training('where'), { trials: 4 })
    expect(study.trials().slice(2).map(({ state, metrics }) => [state, metrics['pid'] === pid])).toEqual([['complete', false], ['complete', false]])
    expect(warningsOf(events)).toEqual([expect.stringMatching(/^A child process \d+ ended after trial 0 was over; another takes its place\..*SIGKILL/)])
  })

  it('sends large checkpoints and artefacts, and refuses what is too large with the remedy', async () => {
    const space = (what: string, megabytes: number): object => ({ space: { what: constant(what), megabytes: constant(megabytes) }, artifacts: new MemoryArtifacts() })
    for (const what of ['checkpoint', 'artifact']) {
      const fits = await studyOn(processes({ slots: 1, maxMessageMb: 20 }), space(what, 16))
      expect((await once(fits, training('large'))).state, what).toBe('complete')
      if (what === 'artifact') expect((await fits.best.artifact())?.bytes.length).toBe(16 * 2 ** 20)
    }
    const study = await studyOn(processes({ slots: 1, maxMessageMb: 4 }), space('checkpoint', 16))
    expect((await once(study, training('large'))).failure).toMatchObject({ reason: 'error', message: expect.stringContaining('maxMessageMb') })
  })
})

describe('processes()', () => {
  const refused = (make: () => Executor): string => {
    try {
      make()
    } catch (error) {
      if (error instanceof AttuneError && error.code === 'OPTION') return error.message
      throw error
    }
    return 'it was accepted'
  }

  it('refuses what the machine does not have, and names what is too small', () => {
    expect(refused(() => processes({ slots: 5, devices: [0, 1], perTrial: { device: 0.5 } }))).toBe('2 device(s) with 0.5 for each trial: that is room for 4 trial(s) at once, not for slots: 5. Give more devices, or lower perTrial.device or slots.')
    expect(refused(() => processes({ devices: [0], perTrial: { device: 2 } }))).toContain('1 device(s) with 2 for each trial: that is room for 0 trial(s)')
    expect(refused(() => processes({ perTrial: { device: 1 } }))).toContain('there are no devices')
    expect(refused(() => processes({ cpus: 2, perTrial: { cpus: 3 } }))).toContain('2 core(s) with 3 for each trial')
    expect(refused(() => processes({ slots: 3, memoryMb: 4000, perTrial: { memoryMb: 2000 } }))).toContain('4000 MiB of memory with 2000 MiB for each trial')
    expect(refused(() => processes({ perTrial: { memoryMb: 2 ** 40 } }))).toContain('MiB of memory')
    expect(refused(() => processes({ memoryMb: 4000 }))).toContain('perTrial: { memoryMb: 2000 }')
  })

  it('refuses options that are none', () => {
    for (const options of [{ slots: 0 }, { slots: 1.5 }, { devices: [-1] }, { devices: ['0,1'] }, { devices: [0, 0] }, { devices: [0], perTrial: { device: 1.5 } }, { perTrial: { cpus: 0 } }, { output: 'loud' }, { maxMessageMb: 5000 }, { env: 3 }, { env: { PORT: 80 } }, { nodeOptions: '--expose-gc' }, { nodeOptions: [1] }, { allow: ['/no such folder'] }]) {
      expect(refused(() => processes(options as Json as object)), JSON.stringify(options)).not.toBe('it was accepted')
    }
    for (const make of [() => processes(3 as never), () => threads(null as never), () => automatic({ slots: 2 } as object), () => automatic('all' as never)]) expect(refused(make)).not.toBe('it was accepted')
  })
})
