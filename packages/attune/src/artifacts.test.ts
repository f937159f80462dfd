import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { createStudy, directoryArtifacts, float, MemoryStorage, minimize, sqlite, systemClock, type ArtifactStore, type KeepPolicy, type Storage, type StorageFactory, type Study } from './index.ts'
import { sumTrainer } from './training-sum.test-support.ts'

const script = fileURLToPath(new URL('artifacts-child.test-support.ts', import.meta.url))
const running = new Set<ChildProcess>()
let cache: string
let folder: string

beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'attune-compiled-'))
})
afterAll(() => rm(cache, { recursive: true, force: true }))
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attune-study-'))
})
afterEach(async () => {
  for (const child of running) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

const open = (storage: Storage | StorageFactory, artifacts: ArtifactStore, keep: KeepPolicy = {}): Promise<Study<{ readonly x: number }>> =>
  createStudy({ space: { x: float(0.5, 1) }, objective: minimize('loss'), seed: 1, progress: false, storage, artifacts, keep, ifExists: 'resume' })

/** Goes on to the end, and answers what was said of artefacts on the way. Its only trial is right to the last bit, each step reported once. */
async function finish(study: Study<{ readonly x: number }>, steps: number, onStep?: (step: number) => void): Promise<readonly string[]> {
  const said: string[] = []
  study.on((event) => event.type === 'warning' && event.source === 'artifacts' && said.push(event.message))
  await study.optimize(sumTrainer(steps, onStep), { trials: 1 })
  const { params, reports, value } = study.trial(0)
  let sum = 0
  for (let step = 0; step < steps; step++) sum += params.x
  expect([reports.map(({ step }) => step), value]).toEqual([Array.from({ length: steps }, (_, index) => index + 1), sum])
  return said
}

function child(call: number): Promise<{ readonly signal: NodeJS.Signals | null; readonly output: string }> {
  const process_ = spawn(process.execPath, ['--conditions=attune-source', script, folder, String(call)], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_COMPILE_CACHE: cache } })
  running.add(process_)
  let output = ''
  process_.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return new Promise((resolve, reject) => process_.on('error', reject).on('close', (_, signal) => {
    running.delete(process_)
    resolve({ signal, output })
  }))
}

it('P14: a study whose process is killed before any change in its folder of artefacts goes on from a whole checkpoint, and leaves no waste', async () => {
  const { output } = await child(Infinity)
  const calls = Number(output)
  expect(calls).toBeGreaterThan(30)
  for (let call = 0; call < calls; call++) {
    await rm(folder, { recursive: true })
    folder = await mkdtemp(join(tmpdir(), 'attune-study-'))
    expect((await child(call)).signal).toBe('SIGKILL')
    const storage = sqlite(join(folder, 'study.db'))
    const artifacts = directoryArtifacts(join(folder, 'artifacts'))
    const study = await open(storage, artifacts)
    // What the history refers to was whole before it was referred to.
    expect(await finish(study, 3)).toEqual([])
    await study.close()
    const model = await study.best.artifact()
    // Killed between the result of the trial and its model, the trial has none.
    const kept = await artifacts.list()
    expect(kept.length).toBe(model === undefined ? 0 : 1)
    if (model !== undefined) expect(JSON.parse(new TextDecoder().decode(model.bytes))).toEqual({ model: study.best.value })
  }
}, 600_000)

it('processes that improve at the same time keep the models of the best, and delete none of each other’s', async () => {
  const improving = fileURLToPath(new URL('improving-child.test-support.ts', import.meta.url))
  const children = [1, 2, 3].map(() => {
    const process_ = spawn(process.execPath, ['--conditions=attune-source', improving, folder], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, NODE_COMPILE_CACHE: cache } })
    running.add(process_)
    return process_
  })
  const ends = children.map((each) => new Promise<number | null>((resolve, reject) => each.on('error', reject).on('close', (code) => {
    running.delete(each)
    resolve(code)
  })))
  await Promise.all(children.map((each) => new Promise((resolve) => each.stdout.once('data', resolve))))
  for (const each of children) each.stdin.end('go\n')
  expect(await Promise.all(ends)).toEqual([0, 0, 0])
  const artifacts = directoryArtifacts(join(folder, 'artifacts'))
  const study = await open(sqlite(join(folder, 'study.db')), artifacts, { best: 3, last: 1 })
  const best = study.trials().filter(({ state }) => state === 'complete').toSorted((a, b) => a.value! - b.value!).slice(0, 3)
  const found = await study.bestArtifacts(10)
  expect(found.slice(0, 3).map(({ trial }) => trial.number)).toEqual(best.map(({ number }) => number))
  for (const { trial, bytes } of found) expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual({ model: trial.value })
  // Whoever runs trials next clears up after those that have ended.
  await study.optimize(sumTrainer(2), { trials: 40 })
  await study.close()
  expect((await artifacts.list()).length).toBe(found.length)
  expect(found.length).toBeLessThanOrEqual(4)
})

/** A study of six steps that was interrupted in its third, in which each byte of the last checkpoint is flipped in turn. */
async function flipped(artifacts: ArtifactStore, check: (said: readonly string[], steps: readonly number[]) => void): Promise<number> {
  let bytes = 1
  for (let index = 0; index < bytes; index++) {
    const storage = new MemoryStorage(systemClock)
    const controller = new AbortController()
    const study = await open(storage, artifacts)
    await study.optimize(sumTrainer(6, (step) => step === 3 && controller.abort()), { trials: 1, signal: controller.signal })
    await study.close()
    const { hash } = study.trial(0).checkpoint!.artifact
    const path = join(folder, 'artifacts', hash.slice(0, 2), hash)
    const content = await readFile(path)
    bytes = content.length
    content[index]! ^= 1
    await writeFile(path, content)
    const again = await open(storage, artifacts)
    const steps: number[] = []
    const said = await finish(again, 6, (step) => steps.push(step))
    check(said, steps)
    await again.close()
  }
  return bytes
}

it('P14: with any byte of the last checkpoint flipped, the one before it is used, and it is said', async () => {
  const warnings: string[] = []
  const bytes = await flipped(directoryArtifacts(join(folder, 'artifacts'), { onWarning: (message) => warnings.push(message) }), (said, steps) => {
    expect(said).toEqual(['The checkpoint of trial 0 at step 3 is lost or damaged: the one at step 2 is tried instead.'])
    expect(steps).toEqual([3, 4, 5, 6])
  })
  expect(bytes).toBeGreaterThan(20)
  expect(warnings.length).toBe(bytes)
})

it('P14, broken twin: a store that does not verify what it gives is found out', async () => {
  const store = directoryArtifacts(join(folder, 'artifacts'))
  const unverified: ArtifactStore = {
    specVersion: 'v1',
    persistent: true,
    put: (bytes, claim) => store.put(bytes, claim),
    get: async (hash) => new Uint8Array(await readFile(join(folder, 'artifacts', hash.slice(0, 2), hash))),
    list: (of) => store.list(of),
    release: (hash, claim, age) => store.release(hash, claim, age),
    delete: (hash, options) => store.delete(hash, options),
  }
  await expect(flipped(unverified, (said) => expect(said.length).toBe(1))).rejects.toThrow(/to (deeply equal|be)/)
})
