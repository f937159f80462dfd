import { loggerSuite } from '@attune/testing'
import { randomUUID } from 'node:crypto'
import { afterAll, describe, inject } from 'vitest'
import { mlflowClient } from '../client/index.ts'
import { keptReports } from './kept.test-support.ts'
import { mlflow } from './mlflow.ts'

const trackingUri = inject('mlflow')

describe.skipIf(trackingUri === undefined)('with a real MLflow server (needs Python)', () => {
  const client = mlflowClient({ trackingUri: trackingUri ?? 'http://127.0.0.1:1' })
  afterAll(() => client.close())
  loggerSuite('mlflow', () => {
    const experimentName = `conformance ${randomUUID()}`
    return {
      factory: () => mlflow({ ...(trackingUri !== undefined && { trackingUri }), experimentName, links: false }),
      read: (study) => keptReports(client, experimentName, study),
      // Nothing listens there.
      unwritable: () => mlflow({ trackingUri: 'http://127.0.0.1:9', experimentName, links: false }),
    }
  })
})
