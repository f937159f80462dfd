// The first program of docs/tracking.md, with every logger: it is a text of the page, run as it stands there.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { mlflowClient } from '@attune/mlflow-logger/client'
import { describe, expect, inject, it } from 'vitest'
import { missingMlflow } from '../tools/python/mlflow.mjs'
import { runFirstBlock } from './pages.test-support.ts'
import { inFolder } from './programs.test-support.ts'

const url = inject('mlflow')

describe.skipIf(url === undefined)(`docs/tracking.md${missingMlflow === undefined ? '' : ` (skipped: ${missingMlflow})`}`, () => {
  it('begins with a study that tells all loggers, which runs', { timeout: 300_000 }, async () => {
    await inFolder(async (folder) => {
      const { code, errors } = await runFirstBlock('tracking.md', folder, { MLFLOW_TRACKING_URI: url!, MLFLOW_EXPERIMENT_NAME: 'docs/tracking.md' })
      expect({ code, errors: code === 0 ? '' : errors }).toEqual({ code: 0, errors: '' })
      expect((await readdir(folder)).toSorted()).toEqual(expect.arrayContaining(['attune-logs', 'runs', 'study.db']))
      expect(await readdir(join(folder, 'attune-logs'))).toEqual([expect.stringMatching(/^digits-[0-9a-f]{10}\.jsonl$/)])
      await using client = mlflowClient({ trackingUri: url! })
      expect(await client.experiments.find('docs/tracking.md')).toBeDefined()
    })
  })
})
