import { expect, it } from 'vitest'
import { startChild, startChildren } from './child.test-support.ts'
import { expectWhole, sharedStudy, type SharedStudy } from './shared-study.test-support.ts'

/** A study with three trials of an owner that is gone, and one of an owner that is not. */
async function studyOfTheDead(): Promise<SharedStudy> {
  const study = await sharedStudy()
  const running = (owner: string, number: number) => ({ type: 'create', origin: 'sampler', params: { x: number }, lease: { owner, token: `${owner}/${number}`, milliseconds: 600_000 } }) as const
  await study.apply(running('gone', 0), running('gone', 1), running('gone', 2), running('alive', 3))
  return study
}

/** Each of the three lost trials waits once more, and can be run to its end once. */
async function expectRequeuedOnce({ storage, bodies, apply, path }: SharedStudy): Promise<void> {
  const requeued = (await bodies()).flatMap((body) => (body.type === 'requeue' ? [body.number] : []))
  expect(requeued.toSorted((a, b) => a - b)).toEqual([0, 1, 2])
  expect((await storage.findStudy('shared'))?.counts).toEqual({ waiting: 3, running: 1, paused: 0, complete: 0, pruned: 0, failed: 0 })
  for (const number of [0, 1, 2]) {
    const [claimed] = await apply({ type: 'claim', lease: { owner: 'next', token: `next/${number}`, milliseconds: 600_000 } })
    expect(claimed?.body).toEqual({ type: 'claim', number, owner: 'next', attempt: 2 })
    await apply({ type: 'finish', number, token: `next/${number}`, outcome: { state: 'complete', metrics: { loss: number } } })
  }
  expectWhole(path)
}

it('P5: 8 processes that sweep at once requeue the trials of a dead one exactly once', { timeout: 120_000 }, async () => {
  const study = await studyOfTheDead()
  const sweepers = await startChildren(8, (i) => startChild(new URL('./sweeper.test-support.ts', import.meta.url), study.path, `sweeper ${i}`))
  for (const sweeper of sweepers) sweeper.say('go')
  for (const sweeper of sweepers) expect(await sweeper.line()).toBe('swept')
  await expectRequeuedOnce(study)
})

/** Lets a sweeper die at its n-th statement; another sweeps after it. True if it lived long enough to finish. */
async function dieWhileSweeping(study: SharedStudy, n: number, kind: string): Promise<boolean> {
  const [sweeper] = await startChildren(1, () => startChild(new URL('./sweeper.test-support.ts', import.meta.url), study.path, 'sweeper', n, kind))
  sweeper?.say('go')
  const finished = (await sweeper?.line()) === 'swept'
  if (!finished) expect(await sweeper?.ended).toEqual({ code: null, signal: 'SIGKILL' })
  await study.apply({ type: 'sweep', gone: ['gone'] })
  return finished
}

it('P5: a process that dies at any statement of a sweep leaves all of it or nothing to the next', { timeout: 240_000 }, async () => {
  let deaths = 0
  for (let finished = false; !finished; ) {
    const study = await studyOfTheDead()
    finished = await dieWhileSweeping(study, deaths + 1, 'sound')
    await expectRequeuedOnce(study)
    if (!finished) deaths++
  }
  // Beginning and end of the transaction, and two statements a trial at least.
  expect(deaths).toBeGreaterThanOrEqual(8)
})

it('P5, broken twin: a storage that marks a trial as failed first and requeues it then loses the retry', { timeout: 120_000 }, async () => {
  const losses: number[] = []
  for (const n of [4, 6, 8]) {
    const study = await studyOfTheDead()
    await dieWhileSweeping(study, n, 'in two steps')
    await expectRequeuedOnce(study).catch(() => losses.push(n))
  }
  expect(losses).not.toEqual([])
})
