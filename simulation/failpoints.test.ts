import { spawn, type ChildProcess } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadStudy } from '@attune/core'
import { directoryArtifacts } from '@attune/node'
import { SqliteStorage } from '@attune/storage'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { armFailpoints } from './src/failpoints.ts'
import { finalLoss, lossAt, type SimParams } from './src/objectives.ts'
import { checkFile } from './src/soak/verify.ts'

const program = fileURLToPath(new URL('./src/failpoint-child.ts', import.meta.url))
const packages = fileURLToPath(new URL('../packages', import.meta.url))
const names = globSync('*/src/**/*.ts', { cwd: packages, exclude: (path) => /\.test(-d|-support)?\.ts$/.test(path) })
  .flatMap((path) => Array.from(readFileSync(join(packages, path), 'utf8').matchAll(/^\s*failpoint\('([^']+)'\)$/gm), ([, name]) => name!))
  .toSorted()
const goal = 8
const folder = mkdtempSync(join(tmpdir(), 'attune-failpoints-'))
const children = new Set<ChildProcess>()

afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs a worker to its end, and adds what it was told is stored. */
async function work(place: string, armed: string, done: Map<number, number>): Promise<string | number | null> {
  const child = spawn(process.execPath, ['--conditions=attune-source', '--disable-warning=ExperimentalWarning', program, join(place, 'study.db'), join(place, 'artifacts'), String(goal), armed], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') },
  })
  children.add(child)
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  const end = await new Promise<string | number | null>((resolve, reject) => child.once('error', reject).once('close', (code, signal) => resolve(signal ?? code)))
  children.delete(child)
  for (const line of text.split('\n').slice(0, -1)) {
    const [, number, loss] = line.split(' ')
    done.set(Number(number), Number(loss))
  }
  return end
}

describe('a failpoint', () => {
  it.each([
    ['throw', ['storage.after-commit=throw@2'], ['passed', 'failpoint storage.after-commit', 'passed']],
    ['delay', ['storage.after-commit=delay'], ['passed', 'passed', 'passed']],
  ] as const)('does what it is armed for: %s', (_action, [text], expected) => {
    const disarm = armFailpoints(text)
    const reach = (globalThis as { readonly [key: symbol]: unknown })[Symbol.for('@attune/core/failpoint')] as (name: string) => void
    try {
      expect([1, 2, 3].map(() => {
        try {
          reach('storage.after-commit')
          return 'passed'
        } catch (error) {
          return (error as Error).message
        }
      })).toEqual(expected)
    } finally {
      disarm()
    }
  })

  it('is refused where it cannot be meant', () => {
    expect(() => armFailpoints('storage.after-commit=explode')).toThrow('is no failpoint')
    expect(() => armFailpoints('storage')).toThrow('is no failpoint')
  })
})

describe('a process that dies', () => {
  it.each(names.map((name) => [name]))('P5: a process killed between two effects loses nothing and doubles nothing, and others finish its study (%s)', { timeout: 300_000 }, async (name) => {
    const place = mkdtempSync(join(folder, 'study-'))
    const done = new Map<number, number>()
    // The first leaves a trial that runs and has a checkpoint; the second finds it, and dies at the place in question.
    expect(await work(place, 'engine.after-report=kill@7', done)).toBe('SIGKILL')
    expect(await work(place, `${name}=kill`, done), `${name} is reached`).toBe('SIGKILL')
    expect(await work(place, 'none', done)).toBe(0)
    expect(checkFile(join(place, 'study.db'))).toEqual([])
    const storage = await SqliteStorage.open(join(place, 'study.db'))
    const study = await loadStudy({ storage, name: 'failpoints' })
    const artifacts = directoryArtifacts(join(place, 'artifacts'))
    try {
      expect(study.counts.complete + study.counts.paused).toBe(goal)
      expect(study.counts).toMatchObject({ failed: 0, running: 0, waiting: 0 })
      for (const { number, state, value, params, reports, checkpoint } of study.trials()) {
        const given = params as SimParams
        expect(reports.map(({ step, metrics }) => [step, metrics['loss']])).toEqual(reports.map((_, i) => [i + 1, lossAt(given, i + 1)]))
        if (state === 'complete') expect([number, value, reports.length]).toEqual([number, finalLoss(given), 4])
        // A paused one goes on from there, so the bytes must be whole.
        else expect(new TextDecoder().decode(await artifacts.get(checkpoint!.artifact.hash))).toBe(`${number} ${checkpoint!.step}`)
      }
      for (const [number, loss] of done) expect(study.trial(number)).toMatchObject({ state: 'complete', value: loss })
      const requeues: number[] = []
      for await (const event of study.events()) if (event.type === 'trial.requeued') requeues.push(event.trial.number)
      // Two processes died, each with at most one trial.
      expect(requeues.length).toBeLessThanOrEqual(2)
    } finally {
      await study.close()
      await storage.close()
    }
  })
})
