import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const packageFile = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

test('the first block of the README is examples/first-model.ts, which runs', () => {
  const program = packageFile('examples/first-model.ts')
  expect(/```ts\n(.*?)```/s.exec(readFileSync(packageFile('README.md'), 'utf8'))?.[1]).toBe(readFileSync(program, 'utf8'))
  const run = spawnSync(process.execPath, ['--conditions=attune-source', program], { cwd: packageFile('.'), encoding: 'utf8' })
  expect(run.stderr).toBe('')
  expect(run.stdout).toContain("[ 'Gemm', 'Relu' ] 6 parameters")
})

test('src/generated is what the generator writes', { timeout: 60_000 }, () => {
  const run = spawnSync(process.execPath, [packageFile('scripts/generate.mjs'), '--check'], { encoding: 'utf8' })
  expect(run.stderr).toBe('')
  expect(run.status).toBe(0)
})
