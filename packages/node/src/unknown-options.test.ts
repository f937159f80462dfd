import { describe, expect, it } from 'vitest'
import { processes } from './executor/processes.ts'
import { threads } from './executor/threads.ts'
import { progress } from './progress/progress.ts'

describe('a misspelt option is refused, with those that exist:', () => {
  it.each([
    ['processes()', () => processes({ slot: 2 } as never), '"slot". Its options are: slots, devices'],
    ['perTrial of processes()', () => processes({ slots: 1, perTrial: { memory: 500 } } as never), '"memory". Its options are: device, cpus, memoryMb'],
    ['threads()', () => threads({ slots: 1, devices: [0] } as never), '"devices". Its options are: slots, cpus'],
    ['perTrial of threads()', () => threads({ slots: 1, perTrial: { device: 1 } } as never), '"device". Its options are: memoryMb'],
    ['progress()', () => progress({ silnt: true } as never), '"silnt". Its options are: silent'],
  ])('%s', (what, make, message) => {
    expect(make).toThrow(expect.objectContaining({ code: 'OPTION', message: expect.stringContaining(`${what} has no option ${message}`) }))
  })
})
