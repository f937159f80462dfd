import { createStudy, float, MemoryArtifacts, MemoryStorage, minimize, systemClock, type LoggerFactory, type Storage, type Study, type StudyEvent } from '@attune/core'
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest'
import { startProxy, type Fate, type Proxy } from '../client/client-proxy.test-support.ts'
import { mlflowClient, type MlflowClient } from '../client/index.ts'
import { runsOf } from './kept.test-support.ts'
import { mlflow } from './mlflow.ts'
import type { MlflowOptions } from './options.ts'
import { differences } from './stored-study.test-support.ts'

const server = inject('mlflow')

describe.skipIf(server === undefined)('the MLflow logger and a real server (needs Python)', () => {
  let experimentName = ''
  let proxy: Proxy
  let client: MlflowClient
  beforeEach(async () => {
    experimentName = `logger ${randomUUID()}`
    proxy = await startProxy(server ?? '')
    client = mlflowClient({ trackingUri: server ?? '' })
  })
  afterEach(async () => {
    proxy.decide = () => 'pass'
    await proxy.close()
    await client.close()
  })

  const logger = (options: MlflowOptions = {}): LoggerFactory => mlflow({ trackingUri: proxy.url, experimentName, flush: { milliseconds: 20 }, links: false, ...options })
  /** Outlives the process, as far as a study can see. */
  const lasting = (): Storage => new Proxy(new MemoryStorage(systemClock), { get: (target, key) => (key === 'persistent' ? true : key === 'close' ? () => undefined : bound(target, key)) })
  const open = (storage: Storage, loggers: readonly LoggerFactory[] = [logger()]): Promise<Study<{ readonly rate: number }>> =>
    createStudy({ name: 'logged', space: { rate: float(0, 1) }, objective: minimize('loss'), seed: 1, ifExists: 'resume', storage, loggers, artifacts: new MemoryArtifacts() })
  const compare = (study: Study<unknown>): ReturnType<typeof differences> => differences(client, experimentName, study)

  const never = new Promise<never>(() => undefined)
  const answers: { readonly [what: string]: Fate | Promise<Fate> | Proxy['decide'] } = {
    'answers 500 to everything': { status: 500, body: '{"error_code":"INTERNAL_ERROR","message":"disk full"}' },
    'answers nothing': never,
    'is behind a proxy that says 502': { status: 502, body: '<html>Bad gateway</html>' },
    'can read and not write': ({ method, path }) => (method === 'GET' || path.endsWith('/search') ? 'pass' : { status: 500, body: '{"error_code":"INTERNAL_ERROR","message":"attempt to write a readonly database"}' }),
    'refuses the password': { status: 401, body: 'You are not authenticated.' },
    'takes a quarter of a second for everything': async (): Promise<Fate> => {
      await delay(250)
      return 'pass'
    },
  }
  for (const [what, answer] of Object.entries(answers)) {
    it(`P13: no trial waits for an MLflow server that is slow, silent or full of errors (${what}), and later it has everything`, { timeout: 120_000 }, async () => {
      proxy.decide = typeof answer === 'function' ? answer : () => answer
      const storage = lasting()
      const study = await open(storage)
      await trainAll(study, 4) // Would not end if a trial waited.
      expect(study.trials().filter(({ state }) => state === 'complete')).toHaveLength(4)
      await study.close()
      proxy.decide = () => 'pass'
      const again = await open(storage)
      await again.close()
      expect((await compare(again)).problems).toEqual([])
    })
  }

  it('P13, broken twin: a logger that leaves one report in seven out is found by comparing MLflow with the history, and so is one that writes some again at another time', { timeout: 120_000 }, async () => {
    const twin = (change: (event: StudyEvent, log: (event: StudyEvent) => unknown) => unknown): LoggerFactory => {
      const real = logger()
      return {
        ...real,
        create: async (context) => {
          const inner = await real.create(context)
          return { cursor: 0, log: async (event) => void (await change(event, (each) => inner.log(each))), flush: () => inner.flush(), close: () => inner.close() }
        },
      }
    }
    const loses = (): LoggerFactory => twin((event, log) => (event.type === 'trial.reported' && event.revision % 7 === 0 ? undefined : log(event)))
    const doubles = (): LoggerFactory => twin(async (event, log) => {
      await log(event)
      if (event.type === 'trial.reported') await log({ ...event, report: { ...event.report, time: event.report.time + 1 } })
    })
    for (const [broken, found] of [[loses, 'lacks'], [doubles, 'knows nothing']] as const) {
      experimentName = `twin ${randomUUID()}`
      const study = await open(lasting(), [broken()])
      await trainAll(study, 4)
      await study.close()
      expect((await compare(study)).problems.join('\n')).toContain(found)
    }
  })

  it('P13: an MLflow server that was away for a whole study gets all of it once the study is opened again', { timeout: 120_000 }, async () => {
    const storage = lasting()
    const study = await open(storage, [logger({ trackingUri: 'http://127.0.0.1:9' })])
    await trainAll(study, 5)
    await study.close()
    expect((await warnings(study)).join('\n')).toMatch(/cannot be reached[^]*are sent when the study is opened again/)
    const again = await open(storage)
    await trainAll(again, 6)
    await again.close()
    expect((await compare(again)).problems).toEqual([])
  })

  it('P13: how much an MLflow server has not got is counted and told, and lost, where the study is kept in memory only', { timeout: 120_000 }, async () => {
    const study = await open(new MemoryStorage(systemClock), [logger({ trackingUri: 'http://127.0.0.1:9' })])
    const told: string[] = []
    study.on((event) => event.type === 'warning' && told.push(event.message))
    await trainAll(study, 2)
    await study.close()
    expect(told.join('\n')).toMatch(/\d+ change\(s\) are lost, because the study is kept in memory alone/)
  })

  it('P13: a study in memory waits at its end for an MLflow server that is slow, as long as things go through', { timeout: 240_000 }, async () => {
    proxy.decide = async (): Promise<Fate> => {
      await delay(1000)
      return 'pass'
    }
    const study = await open(new Proxy(new MemoryStorage(systemClock), { get: (target, key) => (key === 'close' ? () => undefined : bound(target, key)) }))
    const told: string[] = []
    study.on((event) => event.type === 'warning' && told.push(event.message))
    await trainAll(study, 6)
    await study.close()
    expect(told.filter((message) => message.includes('are lost'))).toEqual([])
    expect((await compare(study)).problems).toEqual([])
  })

  it('goes on in the same runs when a study is resumed, twice', { timeout: 120_000 }, async () => {
    const storage = lasting()
    const parents = new Set<string>()
    for (const trials of [2, 4, 6]) {
      const study = await open(storage)
      await trainAll(study, trials)
      await study.close()
      expect((await compare(study)).problems).toEqual([])
      const { parents: [parent], children } = await found(study)
      parents.add(parent!.runId)
      expect(children).toHaveLength(trials)
      expect(parent!.status).toBe('FINISHED')
    }
    expect(parents.size).toBe(1)
  })

  it('shares one parent among several studies in one storage at the same time', { timeout: 120_000 }, async () => {
    const storage = lasting()
    const workers = await Promise.all([open(storage), open(storage), open(storage)])
    await Promise.all(workers.map((worker) => worker.optimize(training, { trials: 12 })))
    await Promise.all(workers.map((worker) => worker.close()))
    const again = await open(storage)
    await again.close()
    const { problems, runs } = await compare(again)
    // Two may end trials in the same millisecond as a third one stops: then the best value of that moment is that of either side of it.
    expect(problems.filter((problem) => !/^study (lacks|has) best_value/.test(problem))).toEqual([])
    expect(runs).toBeGreaterThanOrEqual(13)
  })

  it('attaches to a run and an experiment that are given', { timeout: 120_000 }, async () => {
    const experiment = await client.experiments.create({ name: experimentName })
    const run = await client.runs.create({ experimentId: experiment.experimentId, name: 'of somebody else', tags: { mine: 'stays', 'mlflow.source.name': 'pipeline.py', 'mlflow.note.content': 'Step two of three.' } })
    const storage = lasting()
    for (const trials of [2, 3]) {
      const study = await open(storage, [logger({ runId: run.runId, experimentName: 'is not used' })])
      await trainAll(study, trials)
      if (trials === 3) await study.rename('logged otherwise')
      await study.close()
      const { parents, children } = await found(study)
      expect(parents.map(({ runId }) => runId)).toEqual([run.runId])
      expect(children.map(({ tags }) => tags['mlflow.parentRunId'])).toEqual(Array.from({ length: trials }, () => run.runId))
      const { tags } = await client.runs.get(run.runId)
      expect(tags['mlflow.note.content']?.split('[Trials]')).toEqual(['Step two of three.\n\n', expect.stringContaining('| trial')])
      expect(tags).toMatchObject({ mine: 'stays', 'mlflow.source.name': 'pipeline.py', 'mlflow.runName': 'of somebody else', 'attune.study': trials === 3 ? 'logged otherwise' : 'logged', [`attune.cursor.${study.summary.id}`]: expect.stringMatching(/^\d+$/) as unknown })
    }
    experimentName = `id of ${experimentName}`
    const other = await client.experiments.create({ name: experimentName })
    const study = await createStudy({ name: 'by id', space: { rate: float(0, 1) }, objective: minimize('loss'), loggers: [mlflow({ trackingUri: proxy.url, experimentId: other.experimentId, links: false })] })
    await trainAll(study, 1)
    await study.close()
    expect((await found(study)).children).toHaveLength(1)
  })

  it('writes no more to a run that was deleted, says so, and goes on with the others', { timeout: 120_000 }, async () => {
    const study = await open(lasting())
    const trials = [await study.ask(), await study.ask()]
    for (const trial of trials) await trial.report({ step: 1, loss: 1 })
    await until(async () => (await found(study)).children.length === 2)
    const victim = (await found(study)).children.find(({ tags }) => tags['number'] === '0')!
    await client.runs.delete(victim.runId)
    for (const trial of trials) await trial.report({ step: 2, loss: 0.5 })
    for (const trial of trials) await study.tell(trial, { loss: 0.25 })
    await study.close()
    const { children } = await found(study)
    expect(children.map(({ tags, status, metrics }) => [tags['number'], status, metrics['loss']?.value])).toEqual([['1', 'FINISHED', 0.25]])
    expect(Object.keys((await client.runs.get(victim.runId)).metrics)).not.toContain('value')
    expect(await warnings(study)).toEqual([expect.stringContaining('The run of trial 0 was deleted in MLflow')])
  })

  it('goes on with the trials where the run of the study is deleted while it is open', { timeout: 120_000 }, async () => {
    const study = await open(lasting())
    const trial = await study.ask()
    await trial.report({ step: 1, loss: 1 })
    await until(async () => (await found(study)).children.length === 1)
    await client.runs.delete((await found(study)).parents[0]!.runId)
    await study.setAttribute('late', true)
    await study.tell(trial, { loss: 0.5 })
    await study.close()
    const { parents, children } = await found(study)
    expect(parents).toEqual([])
    expect(children.map(({ status, metrics }) => [status, metrics['value']?.value])).toEqual([['FINISHED', 0.5]])
    expect(await warnings(study)).toEqual([expect.stringContaining('The run of the study was deleted in MLflow')])
  })

  it('P13: what an MLflow server fails at again and again because its disk is full is stored once there is room', { timeout: 120_000 }, async () => {
    proxy.decide = ({ path }) => (/log-batch|artifacts/.test(path) ? { status: 500, body: '{"error_code":"INTERNAL_ERROR","message":"database or disk is full"}' } : 'pass')
    const study = await open(lasting())
    await trainAll(study, 2) // Waits for its logger, which tries again often meanwhile.
    expect(proxy.requests.filter(({ path }) => path.endsWith('/log-batch')).length).toBeGreaterThan(6)
    proxy.decide = () => 'pass'
    await trainAll(study, 3)
    await study.close()
    expect((await compare(study)).problems).toEqual([])
    const parent = (await found(study)).parents[0]!
    expect((await client.artifacts.list({ runId: parent.runId }, 'attune')).map(({ path }) => path)).toContain('attune/space.json')
  })

  it('P13: what MLflow will never take is left out and told, and all the rest is stored', { timeout: 120_000 }, async () => {
    proxy.decide = ({ path, body }) => (path.endsWith('/log-batch') && /"poison"/.test(body) ? { status: 400, body: '{"error_code":"INVALID_PARAMETER_VALUE","message":"no poison"}' } : 'pass')
    const study = await open(lasting())
    const trial = await study.ask()
    for (let step = 1; step <= 50; step++) await trial.report({ step, loss: step, ...(step % 20 === 0 ? { poison: step } : {}) })
    await study.tell(trial, { loss: 1 })
    await study.close()
    const { problems } = await compare(study)
    expect(problems).toEqual([20, 40].map((step) => expect.stringMatching(new RegExp(`^trial/0 lacks poison step ${step} `)) as unknown))
    expect((await warnings(study)).sort()).toEqual([20, 40].map((step) => expect.stringContaining(`metric "poison" at step ${step}. `) as unknown))
  })

  it('P13: an artefact at which an MLflow server fails again and again does not hold up the rest', { timeout: 120_000 }, async () => {
    proxy.decide = ({ path }) => (path.endsWith('/bad.bin') ? { status: 500, body: '{"error_code":"INTERNAL_ERROR","message":"no space for this one"}' } : 'pass')
    const study = await open(lasting())
    await study.setArtifact('bad.bin', new Uint8Array(10))
    await study.setArtifact('good.bin', new Uint8Array(10))
    await trainAll(study, 2)
    await study.close()
    expect((await compare(study)).problems).toEqual([])
    const parent = (await found(study)).parents[0]!
    expect((await client.artifacts.list({ runId: parent.runId })).map(({ path }) => path)).toEqual(expect.arrayContaining(['attune', 'good.bin']))
    expect((await warnings(study)).join('\n')).toContain('MLflow does not take the artefact "bad.bin"')
  })

  it('logs without the model where registering it is forbidden', { timeout: 120_000 }, async () => {
    proxy.decide = ({ path }) => (path.includes('/registered-models/') ? { status: 403, body: 'Permission denied' } : 'pass')
    const study = await open(lasting(), [logger({ model: { registeredName: `forbidden ${randomUUID()}` } })])
    await study.optimize(() => ({ loss: -1 }), { trials: 1 })
    await study.setArtifact('model', new Uint8Array(10), { trial: 0 })
    await trainAll(study, 2)
    await study.close()
    expect((await compare(study)).problems).toEqual([])
    expect((await warnings(study)).join('\n')).toContain('MLflow does not take the model of the best trial')
  })

  it('prints the links and writes the note where no artefact can be stored', { timeout: 120_000 }, async () => {
    proxy.decide = ({ method, path }) => (method === 'PUT' && path.includes('/mlflow-artifacts/') ? { status: 400, body: '{"error_code":"INVALID_PARAMETER_VALUE","message":"no artefacts here"}' } : 'pass')
    const printed = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    let lines: string
    let study: Awaited<ReturnType<typeof open>>
    try {
      study = await open(lasting(), [logger({ links: true })])
      await trainAll(study, 2)
      await study.close()
      lines = printed.mock.calls.map(([text]) => String(text)).join('')
    } finally {
      printed.mockRestore()
    }
    expect(lines).toContain('🧪 View trials at: ')
    expect((await found(study)).parents[0]!.tags).toMatchObject({ 'attune.trials': expect.any(String) as unknown, 'mlflow.note.content': expect.stringContaining('**Best: ') as unknown })
    expect((await warnings(study)).join('\n')).toContain('MLflow does not take the tables of the study')
  })

  it('P13: two processes that log the same study to MLflow at the same moment double nothing', { timeout: 120_000 }, async () => {
    const storage = lasting()
    const alone = (): LoggerFactory => {
      const { specVersion, id, create } = logger()
      return { specVersion, id, create }
    }
    const workers = await Promise.all([open(storage, [alone()]), open(storage, [alone()])])
    await Promise.all(workers.map((worker) => worker.optimize(training, { trials: 8 })))
    await Promise.all(workers.map((worker) => worker.close()))
    expect((await compare(workers[0])).problems.filter((problem) => !/^study (lacks|has) best_value/.test(problem))).toEqual([])
  })

  it('begins a new run where the run of the study was deleted, and takes those of its trials along', { timeout: 120_000 }, async () => {
    const storage = lasting()
    const first = await open(storage)
    await trainAll(first, 2)
    await first.close()
    const before = await found(first)
    await client.runs.delete(before.parents[0]!.runId)
    const study = await open(storage)
    await trainAll(study, 3)
    await study.close()
    expect((await compare(study)).problems).toEqual([])
    const after = await found(study)
    expect(after.children.map(({ tags }) => tags['mlflow.parentRunId'])).toEqual(Array.from({ length: 3 }, () => after.parents[0]!.runId))
    expect(after.children.map(({ runId }) => runId)).toEqual(expect.arrayContaining(before.children.map(({ runId }) => runId)))
  })

  it('mends the state of a trial that a frozen process has written after its end', { timeout: 120_000 }, async () => {
    const storage = lasting()
    const study = await open(storage)
    await trainAll(study, 2)
    const late = (await found(study)).children[0]!
    await client.runs.update(late.runId, { status: 'RUNNING' })
    await client.runs.log(late.runId, { tags: { state: 'RUNNING', 'attune.state': 'running' } })
    await trainAll(study, 3)
    expect((await compare(study)).problems).toEqual([])
    expect((await client.runs.get(late.runId)).endTime).toBe(late.endTime)
    await study.close()
  })

  it('sends metrics while a large artefact is on its way', { timeout: 120_000 }, async () => {
    let release: (() => void) | undefined
    const released = new Promise<'pass'>((resolve) => (release = () => resolve('pass')))
    proxy.decide = ({ path }) => (path.endsWith('/large.bin') ? released : 'pass')
    const study = await open(lasting())
    await study.setArtifact('large.bin', new Uint8Array(5_000_000))
    const trial = await study.ask()
    await trial.report({ step: 1, loss: 1 })
    await until(async () => (await found(study)).children[0]?.metrics['loss']?.value === 1)
    release?.()
    await study.tell(trial, { loss: 1 })
    await study.close()
    const parent = (await found(study)).parents[0]!
    expect((await client.artifacts.list({ runId: parent.runId })).find(({ path }) => path === 'large.bin')?.size).toBe(5_000_000)
  })

  it('P13: the MLflow logger keeps as much in memory as its queue may hold, and gets the rest from the study later', { timeout: 120_000 }, async () => {
    let down = true
    proxy.decide = () => (down ? { status: 503, body: 'later' } : 'pass')
    const study = await open(lasting(), [logger({ queue: { events: 10 } })])
    const trial = await study.ask()
    for (let step = 1; step <= 100; step++) await trial.report({ step, loss: step })
    down = false
    await study.tell(trial, { loss: 1 })
    await study.close()
    expect((await compare(study)).problems).toEqual([])
  })

  it('keeps whole in an artefact what MLflow cuts', { timeout: 120_000 }, async () => {
    const study = await open(lasting())
    const long = 'y'.repeat(20_000)
    await study.setAttribute('long', long)
    await study.setAttribute('longer', `${long}${long}`)
    await study.optimize(async (trial) => {
      await trial.setAttribute('mine', long)
      return { loss: 1 }
    }, { trials: 1 })
    await study.close()
    expect((await client.runs.get((await found(study)).parents[0]!.runId)).tags).toHaveProperty('mlflow.note.content')
    const { parents, children } = await found(study)
    const wholeOf = async (runId: string): Promise<unknown> => JSON.parse(new TextDecoder().decode(await client.artifacts.download({ runId }, 'attune/long-values.json')))
    expect(await wholeOf(parents[0]!.runId)).toMatchObject({ tags: { user_long: JSON.stringify(long), user_longer: JSON.stringify(long + long) } })
    expect(await wholeOf(children[0]!.runId)).toMatchObject({ tags: { user_mine: JSON.stringify(long) } })
    expect(await warnings(study)).toEqual([expect.stringContaining('MLflow does not keep some values whole')])
  })

  async function found(study: Study<unknown>): ReturnType<typeof runsOf> {
    const experiment = await client.experiments.find(experimentName)
    return experiment === undefined ? { parents: [], children: [] } : runsOf(client, experiment.experimentId, study.summary.id)
  }
})

async function* training(trial: { readonly number: number; readonly params: { readonly rate: number } }): AsyncGenerator<{ readonly step: number; readonly loss: number }, void, void> {
  for (let step = 1; step <= 4; step++) yield { step, loss: trial.params.rate + 1 / step }
}

async function trainAll(study: Study<{ readonly rate: number }>, trials: number): Promise<void> {
  await study.optimize(training, { trials })
}

async function warnings(study: Study<unknown>): Promise<string[]> {
  const texts: string[] = []
  for await (const event of study.events()) if (event.type === 'warning') texts.push(event.message)
  return texts
}

function bound(target: object, key: PropertyKey): unknown {
  const value: unknown = Reflect.get(target, key, target)
  return typeof value === 'function' ? (value as (...args: never) => unknown).bind(target) : value
}

/** Asks again and again: how long it takes is the server's business. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve))
}
