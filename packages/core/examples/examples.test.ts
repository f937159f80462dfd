import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

test('study.ts runs', () => {
  const run = spawnSync(process.execPath, ['--conditions=attune-source', fileURLToPath(new URL('study.ts', import.meta.url))], { encoding: 'utf8' })
  expect(run.stderr).toBe('')
  expect(run.stdout).toMatch(/0\.9\d+\n.*(trials brought no progress|200 trials are done) \{[\s\S]*kernel: \{ type: 'radial', gamma: 0\.\d+ \}/)
})
