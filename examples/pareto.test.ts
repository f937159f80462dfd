import { expect, it } from 'vitest'
import { run } from './programs.test-support.ts'

/** Only catches hangs: it takes some ten seconds. */
const deadline = 600_000

it('pareto finds networks for real digits that are not beaten in accuracy, latency and size', { timeout: deadline }, async () => {
  const { code, output, errors } = await run('pareto/main', ['8'])
  expect({ code, errors: code === 0 ? '' : errors }).toEqual({ code: 0, errors: '' })
  const [, complete, count] = /^Of (\d+) models, (\d+) are beaten by no other/.exec(output)!.map(Number)
  expect(complete).toBe(8)
  const rows = [...output.matchAll(/'(float32|float16|int8)' +│ '([\d.]+) \((-?[\d.]+)\)' +│ '([\d.]+) \(([\d.]+) to ([\d.]+)\)[^│]*│ ([\d.]+) +│ (\d+) +│ (\d+)/g)].map(([, weights, ...numbers]) => {
    const [accuracy, change, micros, low, high, kB, parameters, multiplyAdds] = numbers.map(Number)
    return { weights, accuracy: accuracy!, change: change!, micros: micros!, low: low!, high: high!, kB: kB!, parameters: parameters!, multiplyAdds: multiplyAdds! }
  })
  expect(rows).toHaveLength(count!)
  for (const row of rows) {
    // Ten classes: chance is 0.1.
    expect(row.accuracy).toBeGreaterThan(0.3)
    expect(row.low <= row.micros && row.micros <= row.high).toBe(true)
    if (row.weights === 'float32') expect(row.change).toBe(0)
    expect(Math.abs(row.change)).toBeLessThan(0.1)
    const bits = (row.kB * 8000) / row.parameters
    const [least, most] = row.weights === 'float32' ? [32, 60] as const : row.weights === 'float16' ? [16, 40] as const : [8, 32] as const
    expect(bits).toBeGreaterThan(least)
    expect(bits).toBeLessThan(most)
    expect(row.multiplyAdds).toBeGreaterThan(0)
    // Rounded as they are printed, equal numbers may hide a difference.
    expect(rows.filter((other) => other.accuracy > row.accuracy && other.micros < row.micros && other.kB < row.kB)).toEqual([])
  }
})
