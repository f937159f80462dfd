import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { missingMlflow, startMlflow, type MlflowServer } from '../../../../tools/python/mlflow.mjs'
import { mlflowClient } from './client.ts'
import { clientContract, codeOf, fresh } from './client-contract.test-support.ts'
import { startServerWithUser, type StartedServer } from './client-servers.test-support.ts'

const url = inject('mlflow')
const without = missingMlflow === undefined ? '' : ` (skipped: ${missingMlflow})`

describe.skipIf(url === undefined)(`a server over SQLite${without}`, () => {
  clientContract(async () => ({ trackingUri: url! }))
})

describe.skipIf(url === undefined)(`a server with basic authentication, for a user who is no administrator${without}`, () => {
  let server: StartedServer
  beforeAll(async () => void (server = await startServerWithUser()))
  afterAll(async () => await server?.stop())
  clientContract(async () => server.options)

  it('lets nobody else in', async () => {
    await using stranger = mlflowClient({ ...server.options, password: 'not the password' })
    expect(await codeOf(stranger.experiments.create({ name: fresh('stranger') }))).toBe('MLFLOW_AUTH')
  })
})

describe.skipIf(url === undefined)(`a server behind a path prefix${without}`, () => {
  let server: MlflowServer
  beforeAll(async () => void (server = await startMlflow({ prefix: '/tracking' })))
  afterAll(async () => await server?.stop())
  clientContract(async () => ({ trackingUri: `${server.url}/` }))
})
