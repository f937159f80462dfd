// What a real server answers where something is wrong.
import { Agent } from 'node:http'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { resolveConfiguration } from './configuration.ts'
import { MlflowError } from './errors.ts'
import type { ConnectionOptions } from './options.ts'
import { createTransport } from './transport.ts'
import type { Transport } from './transport-types.ts'

const server = inject('mlflow')
const transports: Transport[] = []
afterEach(async () => {
  for (const transport of transports.splice(0)) await transport.close()
})
function connect(options: ConnectionOptions = {}): Transport {
  const transport = createTransport(resolveConfiguration({ trackingUri: server!, backoffFactor: 0, backoffJitter: 0, ...options }, { HOME: '/nonexistent' }))
  transports.push(transport)
  return transport
}
async function failure(promise: Promise<unknown>): Promise<MlflowError> {
  const error: unknown = await promise.then(() => expect.fail('it was answered'), (thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(MlflowError)
  return error as MlflowError
}

describe.skipIf(server === undefined)('a real MLflow server', () => {
  it('gives its version, and what was asked', async () => {
    expect(await connect().text({ method: 'GET', path: '/version' })).toMatch(/^\d+\.\d+\.\d+/)
    expect(await connect().json({ method: 'GET', path: 'experiments/get', query: { experiment_id: '0' } })).toMatchObject({ experiment: { experiment_id: '0' } })
  })

  it('is told apart from another path, a wrong prefix and a wrong method', async () => {
    for (const call of [
      () => connect().json({ method: 'GET', path: 'no/such/call' }),
      () => connect({ trackingUri: `${server}/wrong/prefix` }).json({ method: 'GET', path: 'experiments/get', query: { experiment_id: '0' } }),
      () => connect().json({ method: 'DELETE', path: 'experiments/get' }),
    ]) {
      const error = await failure(call())
      expect(error.code).toBe('MLFLOW_ENDPOINT')
      expect(error.message).toMatch(/Check the path of the tracking URI/)
    }
  })

  it('says what does not exist, what is taken, and what is invalid', async () => {
    expect(await failure(connect().json({ method: 'GET', path: 'experiments/get', query: { experiment_id: '987654' } }))).toMatchObject({ code: 'MLFLOW_NOT_FOUND', mlflowCode: 'RESOURCE_DOES_NOT_EXIST', status: 404 })
    const body = { name: `taken ${Date.now()}` }
    await connect().json({ method: 'POST', path: 'experiments/create', body })
    expect(await failure(connect().json({ method: 'POST', path: 'experiments/create', body }))).toMatchObject({ code: 'MLFLOW_EXISTS', status: 400 })
    expect(await failure(connect().json({ method: 'POST', path: 'runs/log-batch', body: {} }))).toMatchObject({ code: 'MLFLOW_INVALID', status: 400 })
    expect(await failure(connect().bytes({ method: 'GET', path: '/api/2.0/mlflow-artifacts/artifacts/0/none/artifacts/none.txt' }))).toMatchObject({ code: 'MLFLOW_NOT_FOUND', status: 404 })
  })

  it('refuses a host that it was not started for, and the remedy is said', async () => {
    // As a name of the network would lead to it.
    const httpAgent = new Agent({ lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) })
    const error = await failure(connect({ trackingUri: server!.replace('127.0.0.1', 'mlflow.example.com'), httpAgent }).json({ method: 'GET', path: 'experiments/get', query: { experiment_id: '0' } }))
    expect(error).toMatchObject({ code: 'MLFLOW_FORBIDDEN', status: 403 })
    expect(error.message).toMatch(/--allowed-hosts/)
  })
})
