import { describe, expect, it } from 'vitest'
import { Progress } from './progress.ts'

describe('how far the history is kept', () => {
  it('is never ahead of what is on its way, whatever ends first', () => {
    const progress = new Progress()
    for (const revision of [1, 2, 2, 4]) progress.begin(revision)
    for (const revision of [1, 2, 3, 4]) progress.came({ revision })
    expect(progress.kept).toBe(0)
    progress.end(4)
    progress.end(2)
    expect(progress.kept).toBe(0)
    progress.end(1)
    expect(progress.kept).toBe(1)
    progress.end(2)
    expect(progress.kept).toBe(4)
    expect(progress.pending).toBe(0)
  })

  it('does not pass a revision of which another event follows', () => {
    const progress = new Progress()
    progress.came({ revision: 1 })
    progress.begin(2)
    progress.came({ revision: 2, more: true })
    progress.end(2)
    expect(progress.kept).toBe(1)
    progress.came({ revision: 2 })
    expect(progress.kept).toBe(2)
  })

  it('goes on from what the tracker has kept, and not back', () => {
    const progress = new Progress()
    progress.came({ revision: 3 })
    progress.startFrom(7)
    expect(progress.kept).toBe(7)
    progress.came({ revision: 4 })
    expect(progress.kept).toBe(7)
  })

  it('is settled once nothing that came before is on its way, later things apart', async () => {
    const progress = new Progress()
    await progress.settled()
    progress.begin(1)
    progress.came({ revision: 1 })
    let settled = false
    const waiting = progress.settled().then(() => (settled = true))
    progress.begin(2)
    progress.came({ revision: 2 })
    await Promise.resolve()
    expect(settled).toBe(false)
    progress.end(1)
    await waiting
    expect(progress.kept).toBe(1)
  })
})
