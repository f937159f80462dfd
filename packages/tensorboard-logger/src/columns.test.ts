import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { boolean, choice, createStudy, float, int, maximize, oneOf, ordinal, space, type SearchSpace } from '@attune/core'
import { describe, expect, test } from 'vitest'
import { ensurePython } from '../../../tools/python/ensure.mjs'
import { runValues, temporaryFolder } from './files.test-support.ts'
import { hparamInfos, hparamValues } from './hparam-values.ts'
import { startTensorBoard } from './tensorboard-server.test-support.ts'
import { tensorboard } from './tensorboard.ts'

const { python = '', missing } = ensurePython()
if (missing !== undefined) console.log(`SKIPPED: the tests with TensorBoard's HParams plugin. ${missing}`)

describe('the columns of a space', () => {
  const mixed = space({
    rate: float(1e-4, 1, { scale: 'log' }),
    layers: int(1, 4),
    units: int(16, 256),
    kind: oneOf({ deep: { dropout: float(0.2, 0.5), batchNorm: boolean(), width: ordinal([32, 64]) }, flat: {} }),
    flag: boolean(),
    activation: choice(['relu', null, 2]),
  }) as SearchSpace

  const order = ['rate', 'layers', 'units', 'kind.type', 'kind.deep.dropout', 'kind.deep.batchNorm', 'kind.deep.width', 'flag', 'activation']

  test('have types, domains with what inactive parameters are written as, and tick boxes for few values', () => {
    expect([...hparamInfos(mixed)].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name))).toEqual([
      { name: 'rate', type: 'number', domain: { min: 1e-4, max: 1 }, differs: true },
      { name: 'layers', type: 'number', domain: { values: [1, 2, 3, 4] }, differs: true },
      { name: 'units', type: 'number', domain: { min: 16, max: 256 }, differs: true },
      { name: 'kind.type', type: 'string', domain: { values: ['deep', 'flat'] }, differs: true },
      { name: 'kind.deep.dropout', type: 'number', domain: { min: 0, max: 0.5 }, differs: true },
      { name: 'kind.deep.batchNorm', type: 'string', domain: { values: ['false', 'true', 'n/a'] }, differs: true },
      { name: 'kind.deep.width', type: 'number', domain: { values: [32, 64, 0] }, differs: true },
      { name: 'flag', type: 'boolean', domain: { values: [false, true] }, differs: true },
      { name: 'activation', type: 'string', domain: { values: ['relu', 'null', '2'] }, differs: true },
    ])
  })

  test('have every value that a trial is written with', () => {
    const infos = hparamInfos(mixed)
    for (let i = 0; i < 200; i++) {
      const values = hparamValues(mixed, mixed.decode(Array.from({ length: mixed.dimensions.length }, (_, d) => ((i * 37 + d * 61) % 101) / 101)))
      for (const { name, type, domain } of infos) {
        const value = values[name]!
        expect(typeof value).toBe(type)
        if (domain !== undefined && 'values' in domain) expect(domain.values).toContain(value)
        else expect(Number(value) >= domain!.min && Number(value) <= domain!.max).toBe(true)
      }
    }
  })
})

interface Experiment {
  readonly hparamInfos?: readonly { readonly name: string; readonly domainDiscrete?: readonly unknown[]; readonly domainInterval?: object }[]
  readonly metricInfos: readonly { readonly name: { readonly tag: string }; readonly displayName: string }[]
}

async function experimentRuns(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith('hparams-'))
}

describe.skipIf(missing !== undefined)(`the HParams tab${missing === undefined ? '' : ` (${missing})`}`, () => {
  test('has the columns of the space, of all objectives and of the metrics that all trials have; those of a larger space come at once, for all trials', async () => {
    await using folder = await temporaryFolder()
    const study = await createStudy({
      name: 'columns',
      space: { rate: float(0, 1), layers: int(1, 3) },
      objective: [maximize('accuracy'), maximize('speed')],
      loggers: [tensorboard({ logDir: folder.path })],
      seed: 1,
    })
    await study.optimize(({ number, params }) => ({ accuracy: params.rate, speed: params.layers, size: 3, ...(number === 2 ? { rare: 1 } : {}) }), { trials: 4 })
    const studyFolder = join(folder.path, (await readdir(folder.path))[0]!)
    await using fast = await startTensorBoard(python, folder.path, 'fast')
    await using inPython = await startTensorBoard(python, folder.path, 'python')
    const experiment = (server: typeof fast): Promise<Experiment> => server.json('/data/plugin/hparams/experiment', { experimentName: '' }) as Promise<Experiment>
    const names = ({ hparamInfos: infos = [] }: Experiment): readonly string[] => infos.map(({ name }) => name)
    for (const server of [fast, inPython]) {
      const found = await server.until(() => experiment(server), ({ hparamInfos: infos = [] }) => infos.length > 0)
      expect(found.hparamInfos).toMatchObject([{ name: 'layers', domainDiscrete: [1, 2, 3] }, { name: 'rate', domainInterval: { minValue: 0, maxValue: 1 } }])
      expect(found.metricInfos.map(({ name, displayName }) => [name.tag, displayName])).toEqual([
        ['objective/accuracy', 'accuracy (maximize)'],
        ['objective/speed', 'speed (maximize)'],
        ['pruned', ''],
        ['size', ''],
      ])
    }
    const larger = await study.extendSpace({ rate: float(0, 1), layers: int(1, 5), dropout: float(0, 0.5) }, { values: { dropout: 0.125 } })
    await larger.optimize(({ params }) => ({ accuracy: params.rate, speed: params.dropout, size: 3 }), { trials: 6 })
    await larger.close()
    expect(await experimentRuns(studyFolder)).toHaveLength(1)
    for (let number = 0; number < 6; number++) {
      const start = (await runValues(join(studyFolder, `trial-000${number}`))).flatMap(([, value]) => (value.kind === 'session-start' ? [value.hparams] : []))
      expect(start).toEqual([{ ...larger.trial(number).flatParams }])
    }
    // The loader in Python keeps what it has read of a run: it is to be started again.
    await using again = await startTensorBoard(python, folder.path, 'python')
    for (const server of [fast, again]) {
      const found = await server.until(() => experiment(server), (answer) => names(answer).includes('dropout'))
      expect(found.hparamInfos).toMatchObject([{ name: 'dropout' }, { name: 'layers', domainDiscrete: [1, 2, 3, 4, 5] }, { name: 'rate' }])
    }
  })

  test('derives the columns of a space that is defined by running; each trial has a value for each', async () => {
    await using folder = await temporaryFolder()
    const study = await createStudy({ objective: maximize('accuracy'), loggers: [tensorboard({ logDir: folder.path })], seed: 1 })
    await study.optimize((trial) => {
      const rate = trial.float('rate', 0, 1)
      return { accuracy: trial.number > 1 ? rate + trial.int('layers', 1, 4) : rate }
    }, { trials: 4 })
    await study.close()
    expect(await experimentRuns(join(folder.path, (await readdir(folder.path))[0]!))).toEqual([])
    await using server = await startTensorBoard(python, folder.path, 'fast')
    const { hparamInfos: infos } = await server.until(() => server.json('/data/plugin/hparams/experiment', { experimentName: '' }) as Promise<Experiment>, (answer) => answer.hparamInfos !== undefined)
    expect(infos!.map(({ name }) => name).sort()).toEqual(['layers', 'rate'])
    const studyFolder = join(folder.path, (await readdir(folder.path))[0]!)
    for (let number = 0; number < 4; number++) {
      expect((await runValues(join(studyFolder, `trial-000${number}`))).flatMap(([, value]) => (value.kind === 'session-start' ? [Object.keys(value.hparams)] : []))).toEqual([['rate', 'layers']])
    }
  })
})
