import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadStudy, sqlite } from 'attune'
import { describe, expect, it } from 'vitest'
import { inFolder, run, start } from './programs.test-support.ts'

const program = 'mnist/main'
/** Small enough for a test; the real job is measured in the benchmarks. */
const small = ['--trials', '5', '--epochs', '3', '--samples', '300', '--final-epochs', '1', '--seed', '3']

interface Result {
  readonly schema: string
  readonly trials: readonly { readonly number: number; readonly state: string; readonly params: object; readonly metrics: object; readonly epochs: number }[]
  readonly best: { readonly number: number; readonly valAccuracy: number }
  readonly testAccuracyTfjs: number
  readonly testAccuracyOnnx: number
  readonly epochsSaved: number
  readonly seed: number
  readonly versions: object
}

const readResult = async (out: string): Promise<Result> => JSON.parse(await readFile(join(out, 'result.json'), 'utf8')) as Result

const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value)
const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): boolean => typeof value === 'string'

/** The types of docs/main-job.md. */
const types: { readonly [type: string]: (value: unknown) => boolean } = {
  "'attune-mnist/1'": (value) => value === 'attune-mnist/1',
  array: Array.isArray,
  integer: isWhole,
  number: isNumber,
  string: isText,
  object: isObject,
}

/** What is wrong with a `result.json`, by the table of docs/main-job.md: every field is there, of its type, and no other. */
async function problemsOf(result: object): Promise<readonly string[]> {
  const page = await readFile(fileURLToPath(new URL('../docs/main-job.md', import.meta.url)), 'utf8')
  const rows = [...page.matchAll(/^\| (`\w.*?) \| (`?.+?`?) \| .* \|$/gm)].map(([, names, type]) => ({ names: [...names!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!), type: type!.replaceAll('`', '') })).filter(({ type }) => type in types)
  const problems: string[] = []
  const check = (value: object, prefix: string, where: string): void => {
    const fields = rows.flatMap(({ names, type }) => names.filter((name) => name.startsWith(prefix) && !name.slice(prefix.length).includes('.')).map((name) => [name.slice(prefix.length), type] as const))
    if (fields.length === 0) problems.push(`${where}: the page has no fields`)
    const left = new Map(Object.entries(value))
    for (const [name, type] of fields) {
      if (!types[type]!(left.get(name))) problems.push(`${where}${name} is no ${type}: ${JSON.stringify(left.get(name))}`)
      left.delete(name)
    }
    for (const name of left.keys()) problems.push(`${where}${name} is not on the page`)
  }
  check(result, '', '')
  for (const [i, trial] of (result as Result).trials.entries()) check(trial, 'trials[].', `trials[${i}].`)
  return problems
}

/** Parameters of all trials, and their values: what must not depend on interruptions. */
async function outcome(out: string): Promise<unknown> {
  return (await readResult(out)).trials.map(({ number, state, params, metrics, epochs }) => ({ number, state, params, metrics, epochs }))
}

const oneByOne = [...small, '--jobs', '1']
let withoutInterruption: Promise<unknown> | undefined

async function outcomeOf(args: readonly string[]): Promise<unknown> {
  let result: unknown
  await inFolder(async (out) => {
    await run(program, [...args, '--out', out])
    result = await outcome(out)
  })
  return result
}

/** Starts the job and ends it when two trials are done. */
async function interrupted(args: readonly string[], signal: 'SIGINT' | 'SIGKILL'): Promise<void> {
  const first = start(program, args)
  await first.said(/\[ ?2\/5\] trial \d {2}(complete|pruned)/)
  first.child.kill(signal)
  const ended = await first.ended
  if (signal === 'SIGINT') {
    expect(ended.code).toBe(130)
    expect(ended.output).toContain('Stopped. Nothing is lost')
  } else {
    expect(ended.signal).toBe('SIGKILL')
  }
}

/** Trials that are complete or pruned, as the storage has them. */
async function done(out: string): Promise<unknown[]> {
  await using study = await loadStudy({ storage: sqlite(join(out, 'study.db')), name: 'mnist' })
  return study.trials().filter(({ state }) => state === 'complete' || state === 'pruned').map(({ number, params, metrics }) => ({ number, params, metrics }))
}

/** Only catches hangs: a run takes seconds. */
const deadline = 600_000

describe('the main job', { timeout: deadline }, () => {
  it('leaves a study, a model, a report and a result, and says where; called again it says that all is done', async () => {
    await inFolder(async (folder) => {
      const out = join(folder, 'with space')
      const first = await run(program, [...small, '--out', out])
      expect({ code: first.code, errors: first.code === 0 ? '' : first.errors }).toEqual({ code: 0, errors: '' })
      expect(first.output).toMatch(/accuracy {2}0\.\d+ by ONNX Runtime, 0\.\d+ by TensorFlow\.js/)
      expect(first.output).toMatch(/agreement 1500 of 1500 digits get the same class/)
      expect(first.output).toContain(`tensorboard --logdir "${out}/tensorboard"`)
      const result = await readResult(out)
      expect(await problemsOf(result)).toEqual([])
      expect(await problemsOf({ ...result, epochsSaved: 'all', more: 1 })).toEqual(['epochsSaved is no integer: "all"', 'more is not on the page'])
      expect(result).toMatchObject({ schema: 'attune-mnist/1', seed: 3 })
      expect(Object.values(result.best)).toEqual([expect.any(Number), result.trials[result.best.number]!.params, expect.any(Number)])
      expect(Object.values(result.versions)).toEqual([expect.stringMatching(/^\d+\./), expect.stringMatching(/^\d+\./), expect.stringMatching(/^\d+\./)])
      expect(result.trials.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4])
      expect(result.trials[result.best.number]).toMatchObject({ state: 'complete' })
      expect(result.testAccuracyOnnx).toBeCloseTo(result.testAccuracyTfjs, 2)
      expect(result.testAccuracyOnnx).toBeGreaterThan(0.5)
      const trained = result.trials.reduce((sum, { epochs }) => sum + epochs, 0)
      expect(result.epochsSaved).toBe(5 * 3 - trained)
      const report = await readFile(join(out, 'report.html'), 'utf8')
      expect(report).toContain('Handwritten digits')
      expect(report).not.toMatch(/(src|href)="https?:/)
      expect((await stat(join(out, 'best.onnx'))).size).toBeGreaterThan(1000)

      const again = await run(program, [...small, '--out', out])
      expect(again.code).toBe(0)
      expect(again.output).toContain(`Resuming the study in ${out}: 5 of 5 trials are done.`)
      expect(await readResult(out)).toEqual(result)
    })
  })

  it.each(['SIGINT', 'SIGKILL'] as const)('is ended by %s with nothing lost, and goes on from there to the same end, one trial at a time', async (signal) => {
    await inFolder(async (cut) => {
      await interrupted([...oneByOne, '--out', cut], signal)
      const second = await run(program, [...oneByOne, '--out', cut])
      expect({ code: second.code, errors: second.code === 0 ? '' : second.errors }).toEqual({ code: 0, errors: '' })
      expect(second.output).toMatch(/Resuming the study in .*: [2-5] of 5 trials are done\./)
      expect(await outcome(cut)).toEqual(await (withoutInterruption ??= outcomeOf(oneByOne)))
    })
  })

  it('goes on where it was with two trials at once, and keeps what was done', async () => {
    await inFolder(async (out) => {
      const twoAtOnce = [...small, '--jobs', '2', '--out', out]
      await interrupted(twoAtOnce, 'SIGKILL')
      const before = await done(out)
      const second = await run(program, twoAtOnce)
      expect({ code: second.code, errors: second.code === 0 ? '' : second.errors }).toEqual({ code: 0, errors: '' })
      expect(second.output).toContain('2 trials at once')
      const after = await done(out)
      expect(after).toHaveLength(5)
      expect(after).toEqual(expect.arrayContaining(before))
    })
  })

  it('explains itself, and its mistakes in a sentence', async () => {
    const { code, output } = await run(program, ['--help'])
    expect(code).toBe(0)
    expect(output).toContain('--trials N')
    await inFolder(async (folder) => {
      for (const [args, message] of [
        [['--trials', 'many'], '--trials takes a whole number from 1 to 100000, got "many".'],
        [['--sampler', 'best'], '--sampler takes auto, tpe or random, got "best".'],
        [['--colour'], "Unknown option '--colour'. npm start -- --help tells what there is."],
      ] as const) {
        const ended = await run(program, [...args, '--out', folder])
        expect(ended.code).toBe(1)
        expect(ended.errors).toContain(message)
        expect(ended.errors).not.toContain('    at ')
      }
      await run(program, ['--trials', '1', '--epochs', '1', '--samples', '100', '--final-epochs', '1', '--seed', '1', '--sampler', 'random', '--out', folder])
      const otherSeed = await run(program, ['--trials', '1', '--epochs', '1', '--samples', '100', '--seed', '2', '--out', folder])
      expect(otherSeed.errors).toContain('seed: 1 → 2')
      expect(otherSeed.errors).not.toContain('    at ')
      const otherEpochs = await run(program, ['--trials', '1', '--epochs', '2', '--samples', '100', '--out', folder])
      expect(otherEpochs.errors).toContain('give the same --epochs and --samples')
    })
  })
})
