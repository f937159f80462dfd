import { readFileSync } from 'node:fs'
import { createStudy, float, int, oneOf } from '@attune/core'
import { expect, test } from 'vitest'

test('the suggestion that the browser test expects is the one made here', async () => {
  const study = await createStudy({ space: { learningRate: float(1e-4, 1, { scale: 'log' }), optimizer: oneOf({ sgd: { momentum: float(0, 0.99) }, adam: {} }), units: int(8, 64, { step: 8 }) }, seed: 5 })
  const { flatParams } = await study.ask()
  const snapshot = readFileSync(new URL('browser-safe.browser.test.ts', import.meta.url), 'utf8')
  for (const value of Object.values(flatParams)) expect(snapshot).toContain(typeof value === 'string' ? `"${value}"` : String(value))
})
