import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, inject, it } from 'vitest'
import { missingMlflow } from '../../../../tools/python/mlflow.mjs'

const url = inject('mlflow')

it.skipIf(url === undefined)(`client.ts runs, and runs again${missingMlflow === undefined ? '' : ` (skipped: ${missingMlflow})`}`, () => {
  const example = fileURLToPath(new URL('../../examples/client.ts', import.meta.url))
  for (const line of [/^by hand 0\.01 0\.2\n/, /^(by hand 0\.01 0\.2\n){2,}/]) {
    const run = spawnSync(process.execPath, ['--conditions=attune-source', example], { encoding: 'utf8', env: { ...process.env, MLFLOW_TRACKING_URI: url } })
    expect(run.stderr).toBe('')
    expect(run.stdout).toMatch(line)
  }
})
