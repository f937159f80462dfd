// Every logger at once, MLflow's with a real server among them: in ten orders in which each pair comes both ways round, and each broken in turn.
import { describe, expect, inject, it } from 'vitest'
import { startMlflow } from '../tools/python/mlflow.mjs'
import { broken, expectKept, faults, loggerNames, makeTrackers, outcome, runStudy } from './all-loggers.test-support.ts'
import { missingMlflow } from '../tools/python/mlflow.mjs'

const url = inject('mlflow')
const orders = loggerNames.flatMap((_, i) => {
  const order = [...loggerNames.slice(i), ...loggerNames.slice(0, i)]
  return [order, order.toReversed()]
})

const alone = await runStudy([])

describe.skipIf(url === undefined)(`all loggers at once${missingMlflow === undefined ? '' : ` (skipped: ${missingMlflow})`}`, { timeout: 300_000 }, () => {
  it.each(orders.map((order) => [order.join(', '), order] as const))('%s: each has everything', async (_, order) => {
    await using trackers = await makeTrackers(url)
    const ran = await runStudy(order.map((name) => trackers.factories[name]))
    expect(outcome(ran)).toEqual(outcome(alone))
    expect(ran.warnings).toEqual([])
    await expectKept(trackers, order, ran)
  })

  it.concurrent.each(Object.keys(faults))('P13: the study and the other loggers do not notice that the one of MLflow %s', async (fault) => {
    await using trackers = await makeTrackers(url)
    const ran = await runStudy(loggerNames.map((name) => (name === 'mlflow' ? broken(trackers.factories.mlflow, fault) : trackers.factories[name])))
    expect(outcome(ran)).toEqual(outcome(alone))
    await expectKept(trackers, loggerNames.filter((name) => name !== 'mlflow'), ran)
  })

  it.concurrent.each(Object.keys(faults))('P13: MLflow has everything, though every other logger %s', async (fault) => {
    await using trackers = await makeTrackers(url)
    const ran = await runStudy(loggerNames.map((name) => (name === 'mlflow' ? trackers.factories.mlflow : broken(trackers.factories[name], fault))))
    expect(outcome(ran)).toEqual(outcome(alone))
    await expectKept(trackers, ['mlflow'], ran)
  })

  it('P13: the study and the other loggers do not notice that the server of MLflow is killed', async () => {
    const server = await startMlflow()
    try {
      await using trackers = await makeTrackers(server.url)
      const ran = await runStudy(loggerNames.map((name) => trackers.factories[name]), async (trial) => {
        if (trial === 2) await server.kill()
      })
      expect(outcome(ran)).toEqual(outcome(alone))
      await expectKept(trackers, loggerNames.filter((name) => name !== 'mlflow'), ran)
      expect(ran.warnings).toContainEqual(expect.stringMatching(/mlflow/i))
    } finally {
      await server.stop()
    }
  })
})
