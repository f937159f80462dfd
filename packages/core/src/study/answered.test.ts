import { describe, expect, it } from 'vitest'
import type { Clock } from '../contracts/clock.ts'
import { AttuneError } from '../errors.ts'
import { answered } from './answered.ts'

/** A clock on which each wait takes as long as it is told to. */
function clockThatWaits(milliseconds: (asked: number) => number): Clock {
  let now = 0
  return {
    specVersion: 'v1',
    now: () => now,
    schedule: (asked, callback) => {
      now += milliseconds(asked)
      setTimeout(callback, 0)
      return () => undefined
    },
  }
}

/** Fails with each of these errors in turn, then answers. */
function failing(...errors: readonly Error[]): { readonly call: () => string; readonly calls: () => number } {
  let calls = 0
  return {
    call: () => {
      const error = errors[calls++]
      if (error !== undefined) throw error
      return 'answer'
    },
    calls: () => calls,
  }
}

describe('a call that gets no answer', () => {
  it('is repeated, also where the storage does not know whether it was applied', async () => {
    const { call, calls } = failing(new Error('lost'), new AttuneError('STORAGE_FAILED', 'perhaps'))
    expect(await answered(clockThatWaits((asked) => asked), call)).toBe('answer')
    expect(calls()).toBe(3)
  })

  it('is not repeated where the error is an answer', async () => {
    const { call, calls } = failing(new AttuneError('STORAGE_FULL', 'no room'))
    await expect(answered(clockThatWaits((asked) => asked), call)).rejects.toThrow('no room')
    expect(calls()).toBe(1)
  })

  it('P7: a call is not repeated once the storage may have forgotten it, as after the process was frozen', async () => {
    const { call, calls } = failing(new Error('lost'))
    await expect(answered(clockThatWaits(() => 3_600_000), call)).rejects.toThrow('lost')
    expect(calls()).toBe(1)
  })
})
