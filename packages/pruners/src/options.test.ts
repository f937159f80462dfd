import { AttuneError, createStudy, maximize, minimize } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { asha } from './asha.ts'
import { median } from './median.ts'
import { none } from './none.ts'
import { percentile } from './percentile.ts'

function refusal(call: () => unknown): AttuneError {
  try {
    call()
  } catch (error) {
    if (error instanceof AttuneError) return error
    throw error
  }
  throw new Error('Nothing was refused.')
}

describe('options', () => {
  it.each([
    ['percentile', () => percentile(0), 'above 0 and at most 100. Got 0.'],
    ['percentile', () => percentile(101), 'Got 101.'],
    ['percentile', () => percentile(NaN), 'Got NaN.'],
    ['percentile', () => percentile('25' as unknown as number), 'Got 25.'],
    ['startupTrials', () => median({ startupTrials: -1 }), 'a whole number, at least 0. Got -1.'],
    ['startupTrials', () => median({ startupTrials: 1.5 }), 'Got 1.5.'],
    ['warmupSteps', () => median({ warmupSteps: -1 }), 'at least 0'],
    ['interval', () => median({ interval: 0 }), 'above 0'],
    ['interval', () => median({ interval: Infinity }), 'Got Infinity.'],
    ['minTrials', () => percentile(10, { minTrials: 0 }), 'at least 1'],
    ['minResource', () => asha({ minResource: 0 }), 'above 0'],
    ['reductionFactor', () => asha({ reductionFactor: 1 }), 'above 1'],
    ['maxResource', () => asha({ minResource: 4, maxResource: 4 }), 'above 4'],
  ])('%s: %#', (option, call, part) => {
    const error = refusal(call)
    expect(error.code).toBe('PRUNER_OPTION')
    expect(error.message).toContain(`"${option}"`)
    expect(error.message).toContain(part)
  })

  it('with a name that is not known are refused', () => {
    const error = refusal(() => median({ startupTrails: 3 } as object))
    expect(error.code).toBe('PRUNER_OPTION')
    expect(error.message).toContain('"startupTrails"')
    expect(error.message).toContain('startupTrials')
    expect(refusal(() => asha({ eta: 3 } as object)).message).toContain('reductionFactor')
  })
})

describe('several objectives', () => {
  const objective = [minimize('loss'), maximize('accuracy')] as const

  it.each([median(), percentile(10), asha()])('are refused by $id', async (pruner) => {
    await expect(createStudy({ pruner, objective })).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('loss, accuracy') as string })
  })

  it('work with none', async () => {
    const study = await createStudy({ pruner: none(), objective })
    const trial = await study.ask()
    expect(await trial.report({ step: 1, loss: NaN, accuracy: 0 })).toBe('continue')
  })
})
