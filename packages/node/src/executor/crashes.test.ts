import { constant, type FailureReason, type OptimizeOptions, type StopContext } from '@attune/core'
import { afterEach, describe, expect, it } from 'vitest'
import { processes } from './processes.ts'
import { cleanUp, studyOn, training } from './studies.test-support.ts'
import { threads } from './threads.ts'

afterEach(cleanUp)

/** How a trial ends its child, what becomes of it, and what is said. */
const inChildren: readonly (readonly [how: string, reason: FailureReason, says: readonly string[]])[] = [
  ['exit 0', 'crashed', ['exited with code 0', 'the last words']],
  ['exit 1', 'crashed', ['exited with code 1', 'the last words']],
  ['abort', 'crashed', ['SIGABRT', 'the last words']],
  ['killed', 'crashed', ['SIGKILL', 'the last words']],
  ['loop', 'timeout', ['longer than 2000 ms']],
  ['await', 'timeout', ['longer than 2000 ms']],
  ['heap', 'out-of-memory', ['memory']],
  ['resident', 'out-of-memory', ['MiB of memory']],
  ['unhandled rejection', 'crashed', ['nobody waits for this']],
  ['uncaught exception', 'crashed', ['nobody catches this']],
  ['garbage', 'crashed', ['no message']],
  ['unknown message', 'crashed', ['no message']],
  ['huge', 'crashed', ['no message', '4294967295 bytes']],
]

const inThreads = inChildren
  .filter(([how]) => !['abort', 'killed', 'resident', 'huge'].includes(how)) // These end or fill the whole process.
  .map(([how, reason, says]) => [how, reason, says.filter((text) => text !== 'the last words')] as const)

/**
 * Trials of even numbers end their child; those after them must find another. A time-out is only given to those that should meet
 * it, in runs of their own: whoever comes after waits for the start of a child.
 */
async function runThrough(how: string, reason: FailureReason, says: readonly string[], executor: ReturnType<typeof processes>): Promise<void> {
  const study = await studyOn(executor, { space: { how: constant(how) } })
  const runs: readonly OptimizeOptions[] = reason !== 'timeout' ? [{ trials: 2 }] : [1, 2].flatMap((pair) => [
    { trials: pair, trialTimeout: 2000, grace: 100, stop: ({ counts }: StopContext) => (counts.failed === pair ? 'it has failed' : undefined) },
    { trials: pair },
  ])
  let ended = ''
  for (const options of runs) ended = (await study.optimize(training('misbehaves'), options)).reason
  expect(ended).toContain('2 trials')
  expect(study.trials().map(({ state }) => state)).toEqual(['failed', 'complete', 'failed', 'complete'])
  for (const { failure } of study.trials().filter(({ state }) => state === 'failed')) {
    expect(failure?.reason).toBe(reason)
    for (const text of says) expect(failure?.message).toContain(text)
  }
}

describe('a child process that ends badly is a failed trial, and another takes its place', () => {
  it.each(inChildren)('P17: a trial whose child process hangs, crashes, exits or runs out of memory fails with its reason, and the next one runs (%s: %s)', async (how, reason, says) => {
    await runThrough(how, reason, says, processes({ slots: 1, perTrial: { memoryMb: 200 }, output: 'ignore' }))
  })
})

describe('a thread that ends badly is a failed trial, and another takes its place', () => {
  it.each(inThreads)('a trial whose thread hangs, crashes, exits or runs out of memory fails with its reason, and the next one runs (%s: %s)', async (how, reason, says) => {
    await runThrough(how, reason, says, threads({ slots: 1, perTrial: { memoryMb: 64 } }))
  })
})
