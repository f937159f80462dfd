import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { inFolder, run } from './programs.test-support.ts'

/** What each program prints, and what it wants as its argument. */
const programs: { readonly [name: string]: { readonly prints: RegExp; readonly argument?: (folder: string) => string } } = {
  shortest: { prints: /\[100\/100\] trial 99[\s\S]*1\.00\d+ \{ x: (1\.9|2\.0)\d+, n: 1 \}/ },
  'first-study': { prints: /0\.9\d+ \{[\s\S]*learningRate[\s\S]*layers: \[[\s\S]*optimizer: \{ type:/, argument: (folder) => join(folder, 'study.db') },
  'ask-and-tell': { prints: /^\d+ complete, [1-9]\d* failed; best yield (9\d|100)\.\d % at \{ temperature: \d+/ },
  'define-by-run': { prints: /^[01]\.\d+ \{\s+model: '(network|tree)'/ },
  'callback-reports': { prints: /^\d+ complete, [1-9]\d* pruned; best loss \S+e-\d+ at learning rate 0\.[45]/ },
  artifacts: { prints: /^(trial \d+: loss \S+, weights y = (?:2\.9|3\.0)\d+x \+ (?:0\.9|1\.0)\d+\n){3}text\/plain: the best line so far\n[45] artefacts are kept, 0 could go\./, argument: (folder) => folder },
  'correcting-history': { prints: /^Ada: edit of trial 4 \(it was in percent\)\nAda: void of trial 0 .*\nAda: metrics of trial \d+ .*\nAda: space \(deeper networks\)\nAda: rename\nBo: merge \(the same data\)\n5 trials of Bo's are among 22; .* with 4 parameters\ndigits, deep \| digits of Bo/, argument: (folder) => join(folder, 'study.db') },
  'pause-and-promote': { prints: /^27 trials are done, 26 of them paused\.\nTrials that came to step 1: 27, 3: 9, 9: 3, 27: 1; 81 steps instead of 729, each done once\.\nThe best has the learning rate 0\.[4-7]/ },
  fork: { prints: /^the population is trained: 6 members, 5 were replaced\.\ntrial \d+: learning rate 0\.\d+, steps \d+ to 30, a fork of trial \d+\n[\s\S]*steps 1 to \d+\n/ },
  'custom-sampler': { prints: /^0\.0\d+ \{ x: (0\.9|1\.0)\d+, y: -(1\.9|2\.0)\d+ \}/ },
  'custom-pruner': { prints: /: pruned after 1 epochs[\s\S]*[1-9]\d* of 20 trials were pruned\. The best is trial \d+, accuracy 0\.9/ },
  'custom-logger': { prints: /"number":0[\s\S]*"number":9/, argument: (folder) => folder },
  'core-and-one-adapter': { prints: /^0\.\d+ \{ x: 0\.\d+ \}\nTo look at the curves: tensorboard --logdir /, argument: (folder) => folder },
  'all-cores': { prints: /[1-9]\d* complete, \d+ pruned; best accuracy 0\.[89]\d+ with \{/, argument: () => '6' },
  'judge-a-model': { prints: /accuracy: 0\.9[\s\S]*temperature: [01]\.\d+[\s\S]*90 to 100 % sure: 9\d % on average[\s\S]*Of 49 eights, \d are taken for a one\./, argument: () => '5' },
  'tune-serving': { prints: /provider: 'cpu'[\s\S]*^[\d,]+ digits a second, p99 [\d.]+ ms for (1|8|64), \d+ bytes, accuracy 0\.9\d+ \(-?0\.\d+\)/m, argument: () => '6' },
  'multi-objective': { prints: /^Of 6 networks, [1-6] are worth a choice:\n/, argument: () => '6' },
}

const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8')

describe('examples', () => {
  const names = readdirSync(fileURLToPath(new URL('src', import.meta.url)))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.slice(0, -3))

  it('are all tested, and named in the README', () => {
    expect(names.sort()).toEqual(Object.keys(programs).sort())
    const readme = read('README.md')
    expect(names.filter((name) => !readme.includes(`(src/${name}.ts)`))).toEqual([])
    for (const [, link] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) expect(existsSync(fileURLToPath(new URL(link!, import.meta.url))), link).toBe(true)
  })

  it.each(['sampler', 'pruner', 'logger'])('show a %s in at most forty lines', (part) => {
    expect(read(`src/custom-${part}.ts`).trimEnd().split('\n').length).toBeLessThanOrEqual(40)
  })

  it.each(Object.entries(programs))('%s', async (name, { prints, argument }) => {
    await inFolder(async (folder) => {
      const { code, output, errors } = await run(name, argument === undefined ? [] : [argument(folder)])
      expect({ code, errors: code === 0 ? '' : errors }).toEqual({ code: 0, errors: '' })
      expect(errors + output).toMatch(prints)
    })
  })

  it('all-cores is what docs/all-cores.md shows', () => {
    const page = read('../docs/all-cores.md')
    for (const file of ['src/all-cores.ts', 'src/digits/training.ts']) expect(page).toContain(`\`\`\`ts\n${read(file)}\`\`\``)
  })

  it('tune-serving is what docs/serving-models.md shows', () => {
    expect(read('../docs/serving-models.md')).toContain(`\`\`\`ts\n${read('src/tune-serving.ts')}\`\`\``)
  })

  it('judge-a-model is what docs/evaluating-models.md shows', () => {
    expect(read('../docs/evaluating-models.md')).toContain(`\`\`\`ts\n${read('src/judge-a-model.ts')}\`\`\``)
  })

  it('first-study goes on where it stopped', async () => {
    await inFolder(async (folder) => {
      const args = [join(folder, 'study.db')]
      const first = await run('first-study', args)
      const again = await run('first-study', args)
      expect(again.code).toBe(0)
      expect(again.output.split('\n').slice(-7)).toEqual(first.output.split('\n').slice(-7))
    })
  })

  it('calibration finds a network whose confidence can be believed, on digits that were used for nothing else', { timeout: 300_000 }, async () => {
    const { code, output, errors } = await run('calibration/main', ['1', '12'])
    expect({ code, errors: code === 0 ? '' : errors }).toEqual({ code: 0, errors: '' })
    expect(output).toMatch(/^Seed 1: [1-9]\d* of 12 networks keep ECE ≤ 0\.03, the best with L2 \S+ and label smoothing 0\.0\d+\.\n/)
    const rows = [...output.matchAll(/\| (untuned|best .*?) \| (.*) \|\n/g)].map(([, way, cells]) => [way!, Array.from(cells!.matchAll(/(\S+) ±/g), ([, mean]) => Number(mean))] as const)
    expect(rows.map(([way]) => way)).toEqual(['untuned', 'best by accuracy', 'best with ECE ≤ 0.03'])
    const [[, untuned], , [, bounded]] = rows as unknown as readonly [(typeof rows)[0], (typeof rows)[0], (typeof rows)[0]]
    expect(bounded[1]).toBeLessThan(untuned[1]!)
    expect(bounded[0]).toBeGreaterThan(untuned[0]! - 0.05)
  })

  it('multi-objective lists networks that do not beat each other', async () => {
    const { output } = await run('multi-objective', ['5'])
    const rows = [...output.matchAll(/│ \d+ +│ (\d+) +│ '([\d, ]+)' +│ ([\d.]+) +│ ([\d.]+) +│ (\d+) +│/g)].map(([, trial, , accuracy, latency]) => ({ trial: Number(trial), accuracy: Number(accuracy), latency: Number(latency) }))
    expect(rows.length).toBeGreaterThan(0)
    // From the quickest to the slowest, each has to be more accurate than the one before; both are rounded.
    for (const [i, row] of rows.slice(1).entries()) {
      expect(row.latency).toBeGreaterThanOrEqual(rows[i]!.latency)
      expect(row.accuracy).toBeGreaterThanOrEqual(rows[i]!.accuracy)
    }
  })
})
