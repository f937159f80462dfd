import { prunerSuite } from '@attune/testing'
import { expect, it, vi } from 'vitest'

const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
const { patience } = await import('../examples/custom-pruner.ts')
const printed = log.mock.calls.flat().join('\n')
log.mockRestore()

it('examples/custom-pruner.ts stops the trials that diverge', () => {
  const [, complete, pruned, rate] = /^(\d+) trials ran to the end and (\d+) were stopped\. Best rate: ([\d.]+)$/.exec(printed) ?? []
  expect(Number(complete) + Number(pruned)).toBe(20)
  expect(Number(pruned)).toBeGreaterThan(0)
  expect(Number(rate)).toBeLessThan(1)
})

prunerSuite('patience', () => patience(3), {
  exempt: { 'prunes nothing when there is nothing to compare with': 'It looks at the curve of the trial alone, by design.' },
})
