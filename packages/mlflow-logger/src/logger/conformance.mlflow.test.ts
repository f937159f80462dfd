import { loggerSuite } from '@attune/testing'
import { randomUUID } from 'node:crypto'
import { afterAll, describe, inject } from 'vitest'
import { mlflowClient } from '../client/index.ts'
import { startProxy } from '../client/client-proxy.test-support.ts'
import { keptReports } from './kept.test-support.ts'
import { mlflow } from './mlflow.ts'

const trackingUri = inject('mlflow')

describe.skipIf(trackingUri === undefined)('with a real MLflow server (needs Python)', () => {
  const client = mlflowClient({ trackingUri: trackingUri ?? 'http://127.0.0.1:1' })
  afterAll(() => client.close())
  loggerSuite('mlflow', async () => {
    const experimentName = `conformance ${randomUUID()}`
    const proxy = await startProxy(trackingUri ?? '')
    return {
      factory: () => mlflow({ trackingUri: proxy.url, experimentName, links: false }),
      read: (study) => keptReports(client, experimentName, study),
      // Nothing listens there.
      unwritable: () => mlflow({ trackingUri: 'http://127.0.0.1:9', experimentName, links: false }),
      outage: { begin: () => void (proxy.decide = () => ({ status: 503, body: 'The server is down.' })), end: () => void (proxy.decide = () => 'pass') },
      dispose: () => proxy.close(),
    }
    // One of its cases restarts the logger after each of sixty events.
  }, { timeout: 600_000 })
})
