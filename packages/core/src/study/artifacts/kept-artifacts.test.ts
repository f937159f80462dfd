import { describe, expect, it } from 'vitest'
import { MemoryArtifacts } from '../../artifact/memory-artifacts.ts'
import type { Storage } from '../../contracts/storage.ts'
import { maximize, minimize } from '../../objective/objectives.ts'
import { float } from '../../space/builders.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import { systemClock } from '../../system.ts'
import { artifactOf, decode, encode, training } from './artifact-trainer.test-support.ts'
import { createStudy } from '../create-study.ts'
import type { KeepPolicy } from './keep.ts'
import { loadStudy } from '../manage-studies.ts'
import type { Study } from '../study.ts'

const space = { x: float(0, 1) }
const open = (artifacts: MemoryArtifacts, keep?: KeepPolicy, storage: Storage = new MemoryStorage(systemClock)): Promise<Study<{ readonly x: number }>> =>
  createStudy({ storage, artifacts, space, objective: minimize('loss'), seed: 3, ifExists: 'resume', ...(keep === undefined ? {} : { keep }) })

/** Numbers of the trials whose model can be read, and that it is theirs. */
async function models(study: Study<{ readonly x: number }>): Promise<readonly number[]> {
  const found: number[] = []
  for (const trial of study.trials()) {
    const artifact = await trial.artifact()
    if (artifact === undefined) continue
    expect(decode(artifact.bytes)).toBe(trial.number)
    found.push(trial.number)
  }
  return found
}

/** Numbers of the trials that a policy is to keep, found the slow way. */
function wanted(study: Study<{ readonly x: number }>, best: number, last: number): readonly number[] {
  const complete = study.trials().filter(({ state, voided }) => state === 'complete' && voided === undefined)
  const byLoss = complete.toSorted((a, b) => a.value! - b.value!).slice(0, best)
  const byEnd = complete.toSorted((a, b) => b.endedAt! - a.endedAt! || b.number - a.number).slice(0, last)
  return Array.from(new Set([...byLoss, ...byEnd].map(({ number }) => number))).toSorted((a, b) => a - b)
}

describe('keep', () => {
  it.each([
    [{ best: 3, last: 1 }],
    [{ best: 1 }],
    [{ best: 0, last: 2 }],
    [{ best: 0 }],
    [{ best: Infinity }],
    [{ best: 2, last: Infinity }],
  ])('%j: after each trial the models of the best and of the last are there, and nothing else', async (keep) => {
    const artifacts = new MemoryArtifacts()
    const study = await open(artifacts, keep)
    for (let trials = 1; trials <= 12; trials++) {
      await study.optimize(training(2), { trials })
      const { best = 1, last = 0 } = keep as KeepPolicy
      expect(await models(study)).toEqual(wanted(study, best, last))
      expect(artifacts.list().length).toBe(wanted(study, best, last).length)
    }
  })

  it('another policy holds for what there is from the next trial on', async () => {
    const [storage, artifacts] = [new MemoryStorage(systemClock), new MemoryArtifacts()]
    const first = await open(artifacts, { best: 4, last: 2 }, storage)
    await first.optimize(training(), { trials: 10 })
    await first.close()
    const looking = await open(artifacts, { best: 1 }, storage)
    await looking.close()
    expect((await models(looking)).length).toBeGreaterThanOrEqual(4)
    const second = await open(artifacts, { best: 1, last: 1 }, storage)
    await second.optimize(training(), { trials: 11 })
    expect(await models(second)).toEqual(wanted(second, 1, 1))
    await second.close()
    expect(artifacts.list().length).toBe(wanted(second, 1, 1).length)
  })

  it('two sessions that improve at the same time keep what both together should, and nothing else', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const [storage, artifacts] = [new MemoryStorage(systemClock), new MemoryArtifacts()]
      const studies = await Promise.all([0, 1, 2].map(() => createStudy({ storage, artifacts, space, objective: minimize('loss'), seed, ifExists: 'resume', keep: { best: 3, last: 1 } })))
      await Promise.all(studies.map((study) => study.optimize(training(3), { trials: 25, concurrency: 2 })))
      const [study] = studies
      await study!.refresh()
      expect(await models(study!)).toEqual(expect.arrayContaining([...wanted(study!, 3, 0)]))
      for (const each of studies) await each.close()
      const after = await createStudy({ storage, artifacts, space, objective: minimize('loss'), seed, ifExists: 'resume', keep: { best: 3, last: 1 } })
      await after.optimize(training(3), { trials: 26 })
      expect(await models(after)).toEqual(wanted(after, 3, 1))
      await after.close()
      expect(artifacts.list().length).toBe(wanted(after, 3, 1).length)
    }
  })

  it('a function that reports by calls may answer its model, as a generator may', async () => {
    const study = await open(new MemoryArtifacts())
    await study.optimize(async (trial) => {
      await trial.report({ step: 1, loss: trial.params.x })
      return artifactOf(trial.number)
    }, { trials: 3 })
    expect(study.best.value).toBe(study.best.params.x)
    expect(decode((await study.best.artifact())?.bytes)).toBe(study.best.number)
    await study.close()
  })

  it('the model of a void trial goes, and that of the next best stays', async () => {
    const artifacts = new MemoryArtifacts()
    const study = await open(artifacts, { best: 2 })
    await study.optimize(training(), { trials: 8 })
    const [best, second] = wanted(study, 2, 0).toSorted((a, b) => study.trial(a).value! - study.trial(b).value!)
    await study.void(best!, 'a leak in the data')
    await study.optimize(training(), { trials: 8 })
    expect(await models(study)).toContain(second)
    expect(await models(study)).not.toContain(best)
  })

  it('a better trial whose model cannot be kept takes nothing from another', async () => {
    let room = true
    const store = new MemoryArtifacts()
    const artifacts = Object.assign(store, { put: (...args: Parameters<MemoryArtifacts['put']>) => (room ? MemoryArtifacts.prototype.put.apply(store, args) : Promise.reject(new Error('disk full'))) })
    const study = await open(artifacts)
    await study.enqueue({ x: 0.9 })
    await study.optimize(training(), { trials: 1 })
    room = false
    await study.enqueue({ x: 0.1 })
    await study.optimize(training(), { trials: 2 })
    expect(study.best.number).toBe(1)
    expect(await models(study)).toEqual([0])
    expect((await study.bestArtifacts(3)).map(({ trial }) => trial.number)).toEqual([0])
  })

  it('with several objectives it is the front, of at least 20 trials', async () => {
    const artifacts = new MemoryArtifacts()
    const study = await createStudy({ artifacts, space, objective: [minimize('loss'), maximize('gain')], seed: 1, keep: { best: 1 } })
    await study.optimize(async function* ({ number, params: { x } }) {
      yield { step: 1, loss: x, gain: number % 3 === 0 ? x - 1 : x }
      return artifactOf(number)
    }, { trials: 50 })
    const front = study.pareto().map(({ number }) => number)
    const kept = (await study.bestArtifacts(100)).map(({ trial }) => trial.number)
    expect(front.length).toBeGreaterThan(25)
    expect(kept.length).toBe(20)
    expect(front).toEqual(expect.arrayContaining(kept))
    const losses = front.map((number) => study.trial(number).metrics['loss']!)
    expect(kept.map((number) => study.trial(number).metrics['loss'])).toEqual(expect.arrayContaining([Math.min(...losses), Math.max(...losses)]))
    expect(artifacts.list().length).toBe(20)
  })

  it.each([
    [3, 'keep cannot be 3: give it as in keep: { best: 3, last: 1 }.'],
    [[1], 'keep cannot be an array of 1: give it as in keep: { best: 3, last: 1 }.'],
    [{ bset: 1 }, 'keep does not know "bset". Did you mean "best"?'],
    [{ best: -1 }, 'keep.best must be a whole number from 0, or Infinity, got -1.'],
    [{ last: 0.5 }, 'keep.last must be a whole number from 0, or Infinity, got 0.5.'],
    [{ best: '3' }, 'keep.best must be a whole number from 0, or Infinity, got "3".'],
  ])('refuses %j', async (keep, message) => {
    await expect(createStudy({ space, keep: keep as KeepPolicy })).rejects.toMatchObject({ code: 'OPTION', message })
  })
})

describe('artefacts of trials and of the study', () => {
  it('are read from the record: bytes, kind and meta data', async () => {
    const [storage, artifacts] = [new MemoryStorage(systemClock), new MemoryArtifacts()]
    const study = await open(artifacts, { best: 2 }, storage)
    await study.optimize(training(), { trials: 4 })
    expect(await study.best.artifact()).toEqual({ kind: 'test', meta: { value: 1 }, bytes: encode(study.best.number) })
    expect(await study.best.artifact('other')).toBeUndefined()
    expect(await study.best.artifact('toString')).toBeUndefined()
    const [first, second, third] = await study.bestArtifacts(3)
    expect([first?.trial.number, second?.trial.number, third]).toEqual([...wanted(study, 2, 0).toSorted((a, b) => study.trial(a).value! - study.trial(b).value!), undefined])
    expect(first).toMatchObject({ kind: 'test', bytes: encode(study.best.number) })
    const loaded = await loadStudy({ storage, name: 'study', artifacts })
    expect(decode((await loaded.best.artifact())?.bytes)).toBe(study.best.number)
    expect(await (await loadStudy({ storage, name: 'study' })).best.artifact()).toBeUndefined()
    artifacts.delete(study.best.artifacts['model']!.hash)
    expect(await study.best.artifact()).toBeUndefined()
    expect((await study.bestArtifacts(3)).map(({ trial }) => trial.number)).toEqual([second!.trial.number])
  })

  it('leave records plain: JSON, clones and copies show data alone', async () => {
    const study = await open(new MemoryArtifacts())
    await study.optimize(training(), { trials: 1 })
    const record = study.best
    expect(Object.keys(record)).not.toContain('artifact')
    expect(JSON.parse(JSON.stringify(record))).not.toHaveProperty('artifact')
    expect(structuredClone(record)).toMatchObject({ number: 0, artifacts: { model: { kind: 'test' } } })
  })

  it('that a user attaches stay, whatever becomes of the trial, until they are replaced or removed', async () => {
    const artifacts = new MemoryArtifacts()
    const study = await open(artifacts)
    await study.optimize(async (trial) => {
      await trial.setArtifact('curve.png', encode(`curve ${trial.number}`), { kind: 'image/png' })
      return { loss: trial.params.x }
    }, { trials: 3 })
    expect(await study.trial(1).artifact('curve.png')).toEqual({ kind: 'image/png', bytes: encode('curve 1') })
    await study.setArtifact('curve.png', encode('better'), { trial: 1, meta: { dpi: 300 } })
    expect(await study.trial(1).artifact('curve.png')).toEqual({ kind: 'application/octet-stream', meta: { dpi: 300 }, bytes: encode('better') })
    await study.setArtifact('notes', encode('study'))
    expect(decode((await study.artifact('notes'))?.bytes)).toBe('study')
    expect(study.artifacts).toMatchObject({ notes: { size: 7 } })
    expect((await study.bestArtifacts(1, 'curve.png'))[0]?.trial.number).toBe(study.best.number)
    expect(artifacts.list().length).toBe(4)
    await study.removeArtifact('notes')
    await study.removeArtifact('curve.png', { trial: 0 })
    expect(await study.artifact('notes')).toBeUndefined()
    await study.close()
    expect(artifacts.list().length).toBe(2)
  })

  it.each(['', '.', '..', '../x', '/etc/passwd', 'a/b', 'a\\b', 'C:\\x', 'C:', 'a\0b', 'x.', 'x ', ' x', 'CON', 'nul.txt', 'com1', 'e\u0301', 'é', 'a%2fb', '%2e%2e', 'x'.repeat(101), '__proto__', 'constructor', 'prototype', 3, undefined])('refuse the name %j', async (name) => {
    const artifacts = new MemoryArtifacts()
    const study = await open(artifacts)
    await expect(study.setArtifact(name as string, encode(1))).rejects.toMatchObject({ code: 'ARTIFACT_NAME' })
    expect(artifacts.list()).toEqual([])
  })

  it('refuse what cannot be kept, and say why', async () => {
    const artifacts = new MemoryArtifacts({ maxBytes: 10 })
    const study = await open(artifacts)
    await expect(study.setArtifact('x', 'text' as unknown as Uint8Array)).rejects.toMatchObject({ code: 'OPTION' })
    await expect(study.setArtifact('x', encode('x'.repeat(20)))).rejects.toMatchObject({ code: 'ARTIFACT_TOO_LARGE' })
    await expect(study.setArtifact('x', encode(1), { trial: 7 })).rejects.toMatchObject({ code: 'TRIAL_NOT_FOUND' })
    expect(artifacts.list()).toEqual([])
    await expect((await createStudy({ space })).setArtifact('x', encode(1))).rejects.toMatchObject({ code: 'NO_ARTIFACT_STORE' })
  })
})
