import { choice, createStudy, float, maximize, MemoryArtifacts, minimize, oneOf, trainingInputs, type PrunerFactory, type Study } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { curve, latest, runsOf } from './runs.test-support.ts'

/** Prunes trial 2 at its second step. */
const pruning: PrunerFactory = { specVersion: 'v1', id: 'pruning', create: () => ({ judge: ({ number, step }) => (number === 2 && step === 2 ? 'prune' : 'continue') }) }

const space = { rate: float(0.1, 1), optimizer: oneOf({ sgd: { momentum: float(0, 0.9) }, adam: {} }), size: choice([16, 32]) }

async function studied(): Promise<{ readonly study: Study<unknown>; readonly artifacts: MemoryArtifacts }> {
  const artifacts = new MemoryArtifacts()
  const study = await createStudy({ name: 'digits', space, objective: maximize('accuracy', { from: 'best' }), pruner: pruning, artifacts, seed: 1, loggers: [] })
  await study.setAttribute('team', { size: 3 })
  await study.setAttribute(trainingInputs, [{ kind: 'dataset', name: 'digits', context: 'training' }, { nonsense: true }])
  await study.optimize(async function* (trial) {
    if (trial.number === 0) {
      await trial.setAttribute('note', 'first')
      await trial.setArtifact('matrix', new TextEncoder().encode('a b'), { kind: 'text/csv' })
      await trial.setArtifact('model', new TextEncoder().encode('weights'), { kind: 'onnx' })
    }
    if (trial.number === 0) trial.warn('It is dark.')
    if (trial.number === 1 && trial.attempt === 1) await trial.setAttribute('card', 'old')
    for (let step = 1; step <= 3; step++) {
      if (trial.number === 1 && trial.attempt === 1 && step === 3) throw new Error('The card fell off.\nIt is hot.')
      if (trial.number === 3 && step === 2) throw new Error('Bad luck.')
      yield { step, accuracy: (trial.number + 1) / 10 + (step === 2 ? 0.05 : 0), loss: trial.number === 0 && step > 1 ? Infinity : 1 / step }
    }
  }, { trials: 4, retry: { times: 1, on: ['error'] }, stop: ({ history, counts }) => (history.length >= 4 && counts.waiting === 0 ? 'enough' : undefined) })
  study.warn('tester', 'The data has a gap.')
  study.warn('tester', 'The data has a gap.')
  await study.setArtifact('report', new TextEncoder().encode('<html>'), { kind: 'text/html' })
  return { study: study, artifacts }
}

describe('what events change in the runs of MLflow', () => {
  it('a complete trial has its parameters, curves, final values, tags and times', async () => {
    const { study, artifacts } = await studied()
    const run = (await runsOf(study, artifacts)).get('trial/0')!
    const trial = study.trial(0)
    expect(run.name).toBe('trial 0')
    expect(run.start?.startTime).toBe(trial.startedAt)
    expect(run.status).toEqual({ status: 'FINISHED', endTime: trial.endedAt })
    expect(run.params).toEqual(Object.fromEntries(Object.entries(trial.flatParams).map(([path, value]) => [path, String(value)])))
    expect(curve(run, 'intermediate_value')).toEqual([[1, 0.1], [2, 0.15000000000000002], [3, 0.1]])
    // Its best report counts: tables show the value that the study goes by.
    expect(latest(run)).toMatchObject({ accuracy: 0.15000000000000002, value: 0.15000000000000002 })
    expect(run.points.filter(({ key, step }) => key === 'loss' && step === 2)).toEqual([{ key: 'loss', value: Infinity, step: 2, timestamp: trial.reports[1]!.time }])
    expect(run.tags).toMatchObject({
      number: '0', state: 'COMPLETE', direction: 'MAXIMIZE', 'attune.state': 'complete', 'attune.study': 'digits', 'attune.origin': 'sampler', 'attune.attempt': '1',
      'mlflow.user': 'ada', user_note: '"first"', rate_distribution: 'FloatDistribution(high=1.0, log=False, low=0.1, step=None)',
      'attune.exact.loss': 'Infinity: 2 to 3; final Infinity',
    })
    expect(run.tags['datetime_start']).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00$/)
    expect(run.artifacts.get('matrix.csv')).toEqual(new TextEncoder().encode('a b'))
    expect([...run.artifacts.keys()]).not.toContain('model.onnx')
    expect(Object.values(run.tags).filter((text) => text.endsWith('It is dark.'))).toHaveLength(1)
    expect(run.inputs).toContainEqual({ kind: 'dataset', name: 'digits', context: 'training' })
  })

  it('a retry gets a run of its own, so that curves are not mixed, and the attempt before becomes its child', async () => {
    const { study } = await studied()
    const runs = await runsOf(study)
    const [first, second] = [runs.get('trial/1')!, runs.get('trial/1/1')!]
    expect(curve(first, 'accuracy').map(([step]) => step)).toEqual([1, 2])
    expect([first.name, first.status?.status, first.tags['attune.state'], first.adoptedBy]).toEqual(['trial 1, attempt 1', 'FAILED', 'requeued', 'trial/1/1'])
    expect([first.tags['user_card'], second.tags['user_card']]).toEqual(['"old"', '"old"'])
    expect(first.tags['attune.error']).toBe('error: The card fell off.')
    expect(first.artifacts.get('attune/error.txt')).toMatch(/^error: The card fell off\.\nIt is hot\.\n\n.*Error: The card fell off\./)
    expect(second.name).toBe('trial 1')
    expect(second.tags).toMatchObject({ 'attune.attempt': '2', 'attune.earlier_failures': 'error: The card fell off.\nIt is hot.', state: 'COMPLETE' })
    expect(second.points.filter(({ key, step }) => key === 'loss' && step === 1)).toHaveLength(1)
  })

  it('a pruned trial is KILLED and says at which step, a failed one is FAILED and says why', async () => {
    const { study } = await studied()
    const runs = await runsOf(study)
    const [pruned, failed] = [runs.get('trial/2')!, runs.get('trial/3/1')!]
    expect([pruned.status?.status, pruned.tags['state'], pruned.tags['attune.pruned_at_step']]).toEqual(['KILLED', 'PRUNED', '2'])
    expect(latest(pruned)['value']).toBe(0.35)
    expect([failed.status?.status, failed.tags['state'], failed.tags['attune.error']]).toEqual(['FAILED', 'FAIL', 'error: Bad luck.'])
    expect(latest(failed)['value']).toBeUndefined()
  })

  it('the run of the study has its goal, its best value by trial, its attributes, artefacts and inputs', async () => {
    const { study, artifacts } = await studied()
    const run = (await runsOf(study, artifacts)).get('study')!
    expect(run.status?.status).toBe('FINISHED')
    expect(run.tags).toMatchObject({ 'optuna.study_direction': 'MAXIMIZE', 'attune.study': 'digits', 'attune.objectives': 'maximize accuracy', 'attune.seed': '1', 'attune.pruner': 'pruning', 'attune.best_trial': '1', team: 'vision', user_team: '{"size":3}', 'attune.stopped': 'enough' })
    expect(run.tags['attune.sampler']).toMatch(/^random@/)
    expect(latest(run)).toEqual({ best_value: 0.25 })
    expect(Object.entries(run.tags).filter(([tag]) => tag.startsWith('attune.warning.')).map(([, text]) => text)).toEqual(['tester: The data has a gap.'])
    expect(run.artifacts.get('report.html')).toEqual(new TextEncoder().encode('<html>'))
    expect(JSON.parse(run.artifacts.get('attune/space.json') as string)).toEqual(study.definition.space)
    expect(run.inputs).toEqual([{ kind: 'dataset', name: 'digits', context: 'training' }])
  })

  it('the same events give the same writes again, whatever has happened since', async () => {
    const { study, artifacts } = await studied()
    const before = await runsOf(study, artifacts)
    const events = []
    for await (const event of study.events()) events.push(event)
    await study.optimize(() => 5, { more: 1 })
    const again = await runsOf(study, artifacts, events)
    for (const [key, run] of before) expect([key, again.get(key)?.points]).toEqual([key, run.points])
  })

  it('corrections change state and values, and are taken back', async () => {
    const { study } = await studied()
    await study.void(1, 'Wrong data.', { by: 'Ada' })
    await study.void(2, 'Wrong data.')
    await study.restore(2, 'It was right.')
    await study.edit(0, { metrics: { accuracy: 0.01 } }, 'Measured again.')
    await study.addMetrics(0, { test: 0.5 })
    const runs = await runsOf(study)
    expect(runs.get('trial/1/1')!.tags).toMatchObject({ state: 'VOID', 'attune.void': 'Wrong data.', 'attune.amended_by': 'Ada' })
    expect(runs.get('trial/2')!.tags).toMatchObject({ state: 'PRUNED', 'attune.restored': 'It was right.' })
    expect(runs.get('trial/2')!.tags).not.toHaveProperty(['attune.void'])
    expect(latest(runs.get('trial/0')!)).toMatchObject({ accuracy: 0.01, value: 0.01, test: 0.5 })
    expect(latest(runs.get('study')!)['best_value']).toBe(0.01)
    expect(runs.get('study')!.tags['attune.best_trial']).toBe('0')
  })

  it('a space that is defined by running tells parameters when a trial ends, and several objectives have a value each', async () => {
    const study = await createStudy({ name: 'by running', objective: [minimize('loss'), maximize('speed')], seed: 2, loggers: [] })
    await study.optimize((trial) => {
      const x = trial.float('x', 0, 1)
      return { loss: x, speed: x < 0.5 ? trial.int('n', 1, 4) : 0 }
    }, { trials: 4 })
    const runs = await runsOf(study)
    for (const { number, flatParams, values } of study.trials()) {
      const run = runs.get(`trial/${number}`)!
      expect(run.params).toEqual(Object.fromEntries(Object.entries(flatParams).map(([path, value]) => [path, String(value)])))
      expect(latest(run)).toMatchObject({ value_0: values![0], value_1: values![1] })
      expect(latest(run)).not.toHaveProperty('intermediate_value')
      expect(run.tags['direction']).toBe("['MINIMIZE', 'MAXIMIZE']")
    }
  })
})
