import { setTimeout } from 'node:timers/promises'
import type { ChangeBody } from '@attune/core'
import { expect, it } from 'vitest'
import { startChild } from './child.test-support.ts'
import { sharedStudy } from './shared-study.test-support.ts'

interface Outcome {
  /** What the frozen process was told, once it went on. */
  readonly told: string | undefined
  readonly bodies: readonly ChangeBody[]
}

/** Freezes the owner of a trial past its lease, runs the trial here, and lets the owner go on before it ends. */
async function freeze(kind: string): Promise<Outcome> {
  const lease = 1000
  const { path, apply, bodies } = await sharedStudy()
  const owner = startChild(new URL('./frozen-owner.test-support.ts', import.meta.url), path, lease, kind)
  expect(await owner.line()).toBe('running')
  owner.signal('SIGSTOP')
  // Its thread is frozen as well, so the lease ends.
  while ((await apply({ type: 'sweep', gone: [] })).length === 0) await setTimeout(lease / 10)
  await apply({ type: 'claim', number: 0, lease: { owner: 'next', token: 'next/1', milliseconds: 600_000 } })
  owner.signal('SIGCONT')
  owner.say('go on')
  const told = await owner.line()
  await apply({ type: 'finish', number: 0, token: 'next/1', outcome: { state: 'complete', metrics: { loss: 1 } } })
  return { told, bodies: await bodies() }
}

function expectUntouched({ told, bodies }: Outcome): void {
  expect(told).toBe('report stale, checkpoint stale, assign stale, renew stale, pause stale, finish stale')
  expect(bodies.map(({ type }) => type)).toEqual(['create', 'requeue', 'claim', 'finish'])
  expect(bodies.at(-1)).toEqual({ type: 'finish', number: 0, outcome: { state: 'complete', metrics: { loss: 1 } } })
}

it('P4: late writes of a process that was frozen past its lease are refused, and the value stays', async () => {
  expectUntouched(await freeze('sound'))
})

it('P4, broken twin: a storage that takes no notice of tokens lets a frozen process write over what others did', async () => {
  await expect(freeze('ignoring tokens').then(expectUntouched)).rejects.toThrow(/stale|Refused|refused|running/)
})
