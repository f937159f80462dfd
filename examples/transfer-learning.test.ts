import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { run } from './programs.test-support.ts'

/** Only catches hangs: it takes some ten seconds. */
const deadline = 600_000

describe('transfer-learning', { timeout: deadline }, () => {
  it('sweeps the freeze ratio over real digits, fits the curve, and tunes a ratio that is within noise of the best', async () => {
    const { code, output, errors } = await run('transfer-learning/main')
    expect({ code, errors: code === 0 ? '' : errors }).toEqual({ code: 0, errors: '' })
    const rows = [...output.matchAll(/^\| (\S+|no base) \| ([\d.]+) ± ([\d.]+) \| ([\d.]+) ± ([\d.]+) \|$/gm)].map(([, name, ...numbers]) => ({ name: name!, numbers: numbers.map(Number) }))
    expect(rows.map(({ name }) => name)).toEqual(['0.0', '0.2', '0.4', '0.6', '0.8', '1.0', 'no base'])
    const test = Object.fromEntries(rows.map(({ name, numbers }) => [name, numbers[2]!]))
    // Chance is 20 %. What the head alone lacks is more than any noise here; what the base adds is not.
    expect(test['1.0']).toBeGreaterThan(25)
    expect(test['0.2']).toBeGreaterThan(test['1.0']! + 20)
    const [, best, low, high] = /highest at f\* = ([\d.]+), 95 % interval ([\d.]+) to ([\d.]+)\./.exec(output)!.map(Number)
    expect(low).toBeLessThanOrEqual(best!)
    expect(high).toBeGreaterThanOrEqual(best!)
    expect(high).toBeLessThan(0.6)
    expect(output).toContain('with other samples for each of the seeds 1, 2, 3, 4, 5.')
    const [, suggested, tried] = /^To try next: (.*)\. A study that begins with these: (.*)\.$/m.exec(output)!
    expect([...tried!.matchAll(/f = ([\d.]+) [\d.]+ %/g)].map(([, ratio]) => ratio)).toEqual(suggested!.split(', '))
    expect(output).toMatch(/^A study of 12 trials chose f = [01]\.\d\. The best of the sweep .*: within two standard errors\.$/m)
  })

  it('is what docs/transfer-learning.md shows: the program that it begins with, which runs, and lines of the one above', async () => {
    const [page, search, main] = await Promise.all(['../docs/transfer-learning.md', 'src/transfer-learning/search.ts', 'src/transfer-learning/main.ts'].map((path) => readFile(new URL(path, import.meta.url), 'utf8')))
    const [begin, fit, ...others] = [...page!.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code!)
    expect([begin, others]).toEqual([search, []])
    const lines = main!.split('\n')
    expect(fit!.split('\n').filter((line) => line !== '' && !lines.includes(line))).toEqual([])
    expect(fit).toContain('suggestFreezeRatios')
    const { code, output, errors } = await run('transfer-learning/search')
    expect({ code, errors: code === 0 ? '' : errors }).toEqual({ code: 0, errors: '' })
    expect(output).toMatch(/freezeRatio: [01][\s\S]* 0\.[5-9]\d+/)
  })
})
