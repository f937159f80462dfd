// Several processes that make the same things at the same moment.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { missingMlflow } from '../../../../tools/python/mlflow.mjs'
import { all, fresh } from './client-contract.test-support.ts'
import { mlflowClient } from './client.ts'
import type { MlflowClient } from './types.ts'

const url = inject('mlflow')
const program = fileURLToPath(new URL('client-race.test-support.ts', import.meta.url))

interface Made {
  readonly experiment: string
  readonly run: string
  readonly anonymous: string
  readonly model: string
  readonly version: string
}

/** Each process says that it is ready, all are let go at once, and each says what it was answered. */
async function race(processes: number, name: string): Promise<readonly Made[]> {
  const children = Array.from({ length: processes }, () => spawn(process.execPath, ['--conditions=attune-source', program, url!, name], { stdio: ['pipe', 'pipe', 'inherit'] }))
  try {
    await Promise.all(children.map(async (child) => await once(child.stdout, 'data')))
    const answers = children.map(async (child) => {
      const [line] = (await once(child.stdout, 'data')) as [Buffer]
      return JSON.parse(line.toString()) as Made
    })
    for (const child of children) child.stdin.write('go\n')
    return await Promise.all(answers)
  } finally {
    for (const child of children) child.kill('SIGKILL')
  }
}

describe.skipIf(url === undefined)(`processes that create at the same moment${missingMlflow === undefined ? '' : ` (skipped: ${missingMlflow})`}`, () => {
  let client: MlflowClient
  beforeAll(() => void (client = mlflowClient({ trackingUri: url! })))
  afterAll(async () => await client?.close())

  it('leave one of each: experiment, run, logged model, registered model and version', async () => {
    const name = fresh('race')
    const first = await race(6, name)
    const again = await race(2, name)
    const distinct = (made: readonly Made[], what: keyof Made) => new Set(made.map((each) => each[what]))
    for (const what of ['experiment', 'run', 'model', 'version'] as const) {
      expect(distinct(again, what).size).toBe(1)
      expect(distinct(first, what)).toContain(again[0]![what])
    }
    // The first version is the first to be made, so nobody is answered another.
    expect(distinct(first, 'experiment').size).toBe(1)
    expect([...distinct(first, 'version')]).toEqual(['1'])
    const { experiment, run, model } = again[0]!
    const withKey = <T extends { readonly tags: { readonly [key: string]: string } }>(items: readonly T[]) => items.filter(({ tags }) => tags['attune.key'] === name)
    expect(withKey(await all(client.runs.search([experiment]))).map(({ runId }) => runId)).toEqual([run])
    expect(withKey(await all(client.models.search([experiment]))).map(({ modelId }) => modelId)).toEqual([model])
    expect(await all(client.registry.searchVersions({ filter: `name = '${name}'` }))).toHaveLength(1)
    // Broken twin: without a key, each leaves its own.
    expect(distinct([...first, ...again], 'anonymous').size).toBe(8)
  })
})
