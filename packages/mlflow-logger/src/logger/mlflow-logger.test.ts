import { loggerContext } from '@attune/testing'
import { createServer, type AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { mlflow } from './mlflow.ts'

/** Where nobody listens. */
async function nowhere(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

const event = { type: 'attribute.set', revision: 1, time: 1, number: undefined, key: 'team', value: 'vision' } as const

// Whoever waits for a timer here waits for ever.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

describe('the end of a study whose MLflow server refuses connections', () => {
  it('P13: waits for no timer where the storage of the study has what MLflow lacks', async () => {
    const logger = await mlflow({ trackingUri: await nowhere() }).create(loggerContext({ persistent: true }))
    await logger.log(event)
    for (let flush = 0; flush < 3; flush++) await expect(logger.flush()).rejects.toMatchObject({ code: 'MLFLOW_BEHIND', message: expect.stringContaining('cannot be reached (ECONNREFUSED)') as unknown })
    await logger.close()
    expect(logger.cursor).toBe(0)
  })

  it('waits for the server where the study is in memory alone', async () => {
    const logger = await mlflow({ trackingUri: await nowhere() }).create(loggerContext({ persistent: false }))
    await logger.log(event)
    let over = false
    const flushed = Promise.resolve(logger.flush()).then(() => undefined, (error: unknown) => error).finally(() => (over = true))
    await vi.advanceTimersByTimeAsync(8_999)
    expect(over).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(await flushed).toMatchObject({ code: 'MLFLOW_BEHIND' })
    const closed = logger.close()
    await vi.advanceTimersByTimeAsync(1_000)
    await closed
  })
})
