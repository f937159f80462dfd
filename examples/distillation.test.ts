import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { run } from './programs.test-support.ts'

it('distillation sweeps over temperatures and weights with five seeds, and the tuned setting is as good as the best of the sweep', { timeout: 300_000 }, async () => {
  const { code, output, errors } = await run('distillation/main', ['--samples', '150', '--epochs', '10', '--trials', '6'])
  expect({ code, errors: code === 0 ? '' : errors }).toEqual({ code: 0, errors: '' })
  const rows = [...output.matchAll(/^\| ([^|]+) \| ([^|]+) \| ([\d.]+) ± ([\d.]+) \| ([\d.]+) ± ([\d.]+) \| ([\d.]+) ± [\d.]+ \| ([\d.]+) \|$/gm)].map(([, lambda, temperature, , , test, error, agreement, divergence]) => ({ lambda, temperature, test: Number(test), error: Number(error), agreement: Number(agreement), divergence: Number(divergence) }))
  expect(rows.slice(0, 11).map(({ lambda, temperature }) => `${lambda}, ${temperature}`)).toEqual(['1 (no teacher), –', ...['0', '0.3'].flatMap((lambda) => [1, 2, 4, 8, 16].map((temperature) => `${lambda}, ${temperature}`))])
  const [alone, tuned] = [rows[0]!, rows[11]!]
  expect(tuned.temperature).toContain('chosen by a study of 6 trials')
  // The student that follows its teacher agrees with it more often, and is closer to what it says.
  expect(tuned.agreement).toBeGreaterThan(alone.agreement)
  expect(tuned.divergence).toBeLessThan(alone.divergence)
  expect(output).toMatch(/The tuned setting against that: [+−]\d+\.\d ± \d+\.\d points on the test digits, (within|beyond) two standard errors\./)
  // Differences are printed with two standard errors of five runs; three of them are not passed by luck alone.
  const [, sign, mean, error] = /The tuned setting against that: ([+−])(\d+\.\d) ± (\d+\.\d)/.exec(output)!
  if (sign === '−') expect(Number(mean)).toBeLessThanOrEqual(3 * Number(error) + 0.1)
})

it('distillation is named in the README', () => {
  expect(readFileSync(fileURLToPath(new URL('README.md', import.meta.url)), 'utf8')).toContain('(src/distillation/main.ts)')
})
