// Studies whose processes are killed (SIGKILL) at their writes, checkpoints and events, over and over.
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadStudy, sqlite, type Study, type TrialRecord } from '../../packages/attune/src/index.ts'
import { brokenChains } from '../../packages/core/src/study/schedulers.test-support.ts'
import { numbersOf, startWorker, temporaryFolder } from './workers.test-support.ts'

type Stored = Study<{ readonly x: number }>

const kills = Number(process.env['ATTUNE_KILLS'] ?? 100)
const seed = Number(process.env['ATTUNE_SEED'] ?? Math.floor(Math.random() * 2 ** 32))

/** Where a study of each kind is killed for certain, in this order; then at random. */
const planned: { readonly [kind: string]: readonly string[] } = {
  halving: atCommits('pause', 'promote', 'finish'),
  population: atCommits('pause', 'promote', 'fork'),
}

function atCommits(...transitions: readonly string[]): readonly string[] {
  return transitions.flatMap((transition) => [`storage.before-commit ${transition}`, `storage.after-commit ${transition}`])
}

/** What is wrong with a study that was killed again and again. */
async function problemsOf(study: Stored): Promise<readonly string[]> {
  const problems = [...brokenChains(study.trials())]
  for (const { number, state } of study.trials()) if (state === 'running' || state === 'waiting') problems.push(`Trial ${number} is ${state}.`)
  const ends = new Map<number, number>()
  for await (const event of study.events()) if (['trial.completed', 'trial.pruned', 'trial.failed'].includes(event.type) && 'trial' in event) ends.set(event.trial.number, (ends.get(event.trial.number) ?? 0) + 1)
  for (const [number, count] of ends) if (count !== 1) problems.push(`Trial ${number} ended ${count} times.`)
  return problems
}

/** State, parameters, parents and reports of trials: what kills must not change. */
const outcomeOf = (study: Stored): readonly unknown[] => study.trials().map(({ number, state, flatParams, parent, reports, metrics }) => ({ number, state, flatParams: { ...flatParams }, parent, reports: reports.map((report) => [report.step, { ...report.metrics }]), metrics: { ...metrics } }))

/** A trial under which five owners died without a checkpoint counts as failed: it may be what ends them. */
const worn = ({ state, failure }: TrialRecord): boolean => state === 'failed' && failure?.reason === 'lost'

async function withStudy<T>(folder: string, name: string, use: (study: Stored) => T | Promise<T>): Promise<T> {
  const study = (await loadStudy({ storage: sqlite(`${folder}/study.db`), name })) as unknown as Stored
  try {
    return await use(study)
  } finally {
    await study.close()
  }
}

test(`P5: killed ${kills} times at writes, checkpoints and events, studies that pause, promote and fork lose nothing, and no step is applied twice`, { timeout: 1_800_000 }, async () => {
  console.info(`Replay: ATTUNE_SEED=${seed} ATTUNE_KILLS=${kills} npx vitest run --project repository tests/recovery/kills.test.ts`)
  const random = numbersOf(seed)
  const undisturbed = new Map<string, readonly unknown[]>()
  let killed = 0
  let lost = 0
  let wornOut = 0
  const places = new Set<string>()
  for (let round = 0; round < 2 || killed < kills; round++) {
    const kind = ['halving', 'population'][round % 2]!
    const certain = round < 2 ? [...planned[kind]!] : []
    if (!undisturbed.has(kind)) {
      const folder = temporaryFolder()
      expect(await startWorker(folder, kind).ended).toBe(0)
      undisturbed.set(kind, await withStudy(folder, kind, outcomeOf))
    }
    const folder = temporaryFolder()
    for (;;) {
      const crossings = certain.shift() ?? (killed < kills ? 1 + Math.floor(random() * 80) : 0)
      const worker = startWorker(folder, kind, { crossings })
      const ended = await worker.ended
      if (ended === 0 && typeof crossings === 'number') break
      expect([crossings, ended], `seed ${seed}`).toEqual([crossings, 'SIGKILL'])
      places.add(/^killed at (.*)$/m.exec(worker.lines.join('\n'))![1]!)
      killed++
    }
    await withStudy(folder, kind, async (study) => {
      expect(await problemsOf(study), `seed ${seed}, round ${round}`).toEqual([])
      lost += study.trials().reduce((sum, { earlierFailures }) => sum + earlierFailures.length, 0)
      if (study.trials().some(worn)) wornOut++
      else expect(outcomeOf(study), `seed ${seed}, round ${round}`).toEqual(undisturbed.get(kind))
    })
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  console.info(`${killed} kills, ${lost} attempts that went on elsewhere, ${wornOut} studies with a trial that lost five owners. Killed at: ${[...places].toSorted().join(', ')}.`)
  expect([...places]).toEqual(expect.arrayContaining([...new Set(Object.values(planned).flat())]))
  expect(killed).toBeGreaterThanOrEqual(kills)
})

test.each(['promoting', 'halving', 'population'])('P5: two processes schedule one study at once, are killed in turn, and nothing is lost or done twice (%s)', { timeout: 600_000 }, async (kind) => {
  console.info(`Replay: ATTUNE_SEED=${seed}`)
  const random = numbersOf(seed + 1)
  const alone = temporaryFolder()
  expect(await startWorker(alone, kind).ended).toBe(0)
  const folder = temporaryFolder()
  let budget = 6
  const keepWorking = async (): Promise<void> => {
    for (;;) {
      const crossings = budget-- > 0 ? 20 + Math.floor(random() * 60) : 0
      if ((await startWorker(folder, kind, { crossings }).ended) === 0) return
    }
  }
  await Promise.all([keepWorking(), keepWorking()])
  const whole = await withStudy(alone, kind, outcomeOf)
  await withStudy(folder, kind, async (study) => {
    expect(await problemsOf(study), `seed ${seed}`).toEqual([])
    const worns = study.trials().filter(worn).length
    if (kind === 'promoting') {
      // Who goes on depends on who comes first, but the best half of what came to a rung does.
      expect(study.trials()).toHaveLength(8 + worns)
      const [first = 0, second = 0] = [1, 2].map((rung) => study.trials().filter(({ reports }) => reports.length >= rung).length)
      expect(second).toBeGreaterThanOrEqual(Math.floor(first / 2) - worns)
    } else if (worns === 0) {
      expect(outcomeOf(study), `seed ${seed}`).toEqual(whole)
    }
  })
})

test('a checkpoint that is gone starts its trial from the beginning, in another process too, and it is said', { timeout: 600_000 }, async () => {
  const folder = temporaryFolder()
  const worker = startWorker(folder, 'none', { pause: 20 })
  await worker.line((line) => line === 'step 0 4')
  worker.child.kill('SIGKILL')
  expect(await worker.ended).toBe('SIGKILL')
  const artifacts = join(folder, 'artifacts')
  expect(readdirSync(artifacts, { recursive: true }).length).toBeGreaterThan(0)
  rmSync(artifacts, { recursive: true })
  const second = startWorker(folder, 'none')
  expect(await second.ended).toBe(0)
  expect(second.lines.filter((line) => line.startsWith('step'))).toEqual([1, 2, 3, 4, 5, 6].map((step) => `step 0 ${step}`))
  await withStudy(folder, 'none', async (study) => {
    expect(await problemsOf(study)).toEqual([])
    expect(study.trial(0).reports).toHaveLength(6)
    const warnings: string[] = []
    for await (const event of study.events()) if (event.type === 'warning') warnings.push(event.message)
    expect(warnings).toContainEqual(expect.stringMatching(/^The checkpoint of trial 0 at step \d is lost or damaged: it starts from the beginning\.$/))
  })
})
