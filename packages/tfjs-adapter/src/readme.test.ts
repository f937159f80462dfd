import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const packageFile = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))
const blocks = [...readFileSync(packageFile('README.md'), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1])

test.each([
  ['examples/first-training.ts', /valAccuracy: 0\.9/],
  ['examples/custom-step.ts', /valLoss: 0\.00/],
  ['examples/data.ts', /^0\.0\d+\n0\.0\d+\n$/],
  ['examples/optimizers-and-schedules.ts', /learning rates of Adam: \{ low: 0\.\d+, high: 0\.\d+ \}\s+\{\s+optimizer: \{[^]*valAccuracy: 0\.[7-9]/],
  ['examples/keep-the-model.ts', /epoch: \d+[^]*\[ 'model\.json', 'weights\.bin' \]/],
])('%s is a block of the README, and runs', { timeout: 60_000 }, (path, output) => {
  expect(blocks).toContain(readFileSync(packageFile(path), 'utf8'))
  const run = spawnSync(process.execPath, ['--conditions=attune-source', packageFile(path)], { cwd: packageFile('.'), encoding: 'utf8' })
  if (run.status !== 0) throw new Error(run.stderr)
  expect(run.stdout).toMatch(output)
})
