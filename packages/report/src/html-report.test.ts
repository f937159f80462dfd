import { choice, float, int, oneOf, ordinal, repeat, space } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { htmlReport } from './html-report.ts'
import { objective, study, trainingStudy, trial } from './study-data.test-support.ts'

const digits = space({
  learningRate: float(1e-4, 1e-1, { scale: 'log' }),
  batchSize: ordinal([16, 32, 64]),
  layers: repeat({ units: int(16, 256, { step: 16 }) }, { min: 1, max: 3 }),
  optimizer: oneOf({ sgd: { momentum: float(0, 0.99) }, adam: {} }),
  activation: choice(['relu', 'tanh']),
})

/** Elements that match, roughly: the page is ours, so its form is known. */
const many = (page: string, pattern: RegExp): readonly string[] => Array.from(page.matchAll(pattern), ([match]) => match)
const section = (page: string, title: string): string => page.split('<section').find((part) => part.includes(`${title}</h2>`)) ?? ''

describe('htmlReport', () => {
  it('is one page that refers to nothing outside', () => {
    const page = htmlReport(trainingStudy(digits, 30))
    expect(page.startsWith('<!doctype html>')).toBe(true)
    expect(page).toContain('content="default-src &#39;none&#39;; style-src &#39;sha256-')
    expect(page).not.toMatch(/https?:|\ssrc=|\sstyle=|@import|url\(|\son\w+="/)
    expect(many(page, /<script/g)).toHaveLength(1)
    expect(many(page, /href="(?!#)/g)).toEqual([])
  })

  it('is the same page for the same study', () => {
    expect(htmlReport(trainingStudy(digits, 20))).toBe(htmlReport(trainingStudy(digits, 20)))
  })

  it('draws every trial: marks by state, a curve for each iterative one, a line through the parameters', () => {
    const data = trainingStudy(digits, 40)
    const page = htmlReport(data)
    const history = section(page, 'History of valAccuracy')
    const valued = data.trials.filter(({ values }) => values !== undefined)
    const failed = data.trials.filter(({ state }) => state === 'failed')
    expect(failed.length).toBeGreaterThan(0)
    expect(many(history, /class="mark s-(complete|best|pruned)" data-t/g)).toHaveLength(valued.length)
    expect(many(history, /class="mark s-failed" data-t/g)).toHaveLength(failed.length)
    expect(many(history, /class="mark s-best" data-t/g)).toHaveLength(1)
    expect(many(section(page, 'Learning curves: valAccuracy'), /class="line s-\w+" data-t/g)).toHaveLength(data.trials.filter(({ reports }) => reports.length > 0).length)
    expect(many(section(page, 'Parallel coordinates'), /class="line \S+" data-t/g)).toHaveLength(40)
    expect(many(page, /<tr id="t\d+"/g)).toHaveLength(40)
  })

  it('places inactive parameters apart, and the others on their axes', () => {
    const [adam, sgd] = [{ 'optimizer.type': 'adam' }, { 'optimizer.type': 'sgd', 'optimizer.sgd.momentum': 0.99 }]
    const only = space({ optimizer: oneOf({ sgd: { momentum: float(0, 0.99) }, adam: {} }) })
    const page = htmlReport(study({ dimensions: only.dimensions, trials: [trial(0, { values: [1], flatParams: adam }), trial(1, { values: [2], flatParams: sgd })] }))
    const heights = many(section(page, 'Parallel coordinates'), /class="line \S+" data-t="\d+" d="[^"]+"/g).map((line) => many(line, /L[\d.]+,[\d.]+/g).map((point) => Number(point.split(',')[1])))
    // Drawn worst first: trial 1, whose momentum is at the top of its axis, then the best. The first point of a path is written twice.
    expect(heights[0]![1]).toBe(50)
    expect(heights[1]![1]).toBe(374)
    expect(heights[0]![0]).not.toBe(heights[1]![0])
  })

  it('counts void trials apart, and lets them stretch no axis', () => {
    const only = space({ x: float(0, 1) })
    const trials = [1, 2, 3].map((value, number) => trial(number, { values: [value], flatParams: { x: value / 4 } }))
    const wrong = trial(3, { values: [1e6], flatParams: { x: 1 }, voided: 'wrong data' })
    const page = htmlReport(study({ dimensions: only.dimensions, trials: [...trials, wrong] }))
    expect(page).toContain('3 complete, 1 void')
    expect(section(page, 'Parallel coordinates')).toBe(section(htmlReport(study({ dimensions: only.dimensions, trials })), 'Parallel coordinates'))
    expect(htmlReport(study({ trials: [wrong] }))).toContain('no trial is complete')
  })

  it('tells who corrected what, the latest first, and escapes it', () => {
    const at = { revision: 1, time: Date.UTC(2026, 10, 22, 12), by: 'Ada <b>' }
    const page = htmlReport(study({
      trials: [trial(0, { values: [1] })],
      corrections: [
        { ...at, what: 'void', number: 0, note: '<script>', before: undefined, after: '<script>' },
        { ...at, what: 'edit', number: 0, note: 'in percent', before: { score: 80 }, after: { score: 0.8 } },
        { ...at, what: 'metrics', number: 0, note: undefined, before: {}, after: { test: 0.5 } },
        { ...at, what: 'merge', note: undefined, from: { id: 'x', name: 'other' }, before: 1, after: 3 },
        { ...at, what: 'space', note: 'wider', before: {}, after: {}, changes: ['x: high 1 → 2'], values: {} },
      ],
    }))
    const lines = section(page, 'Corrections').split('<li>').slice(1).map((line) => line.replaceAll(/<[^>]*>/g, ''))
    expect(lines.map((line) => line.split(' Ada')[0])).toEqual(['space: x: high 1 → 2. wider', 'merge: 2 trials of other', 'metrics of trial 0: test none → 0.5', 'edit of trial 0: score 80 → 0.8. in percent', 'void of trial 0: it counts no more. &lt;script&gt;'])
    expect(lines[0]).toContain('Ada &lt;b&gt;, 2026-11-22 12:00 UTC')
    expect(htmlReport(study({ trials: [] }))).not.toContain('Corrections')
  })

  it('shows the best trial, facts, steps saved, failures and warnings', () => {
    const data = trainingStudy(digits, 40)
    const page = htmlReport(data, { title: 'Digits', facts: [{ label: 'Test accuracy', value: '0.97', detail: 'by ONNX Runtime' }] })
    expect(page).toContain('<h1>Digits</h1>')
    expect(page).toContain('<dt>Test accuracy</dt><dd>0.97<small>by ONNX Runtime</small></dd>')
    expect(page).toMatch(/pruning saved \d+ \(\d+ %\)/)
    expect(section(page, 'Failures')).toContain('<b>out-of-memory</b>: the trainer asked for 3.1 GB')
    expect(section(page, 'Warnings')).toContain('trial leaked 3 tensors (2 times)')
    expect(section(page, 'Warnings')).toContain('<a href="#t4">4</a>, <a href="#t9">9</a>')
  })

  it('says so where there is nothing yet', () => {
    expect(htmlReport(study({}))).toContain('No trials yet')
    expect(htmlReport(study({ trials: [trial(0, { values: [1], violation: 2 })] }))).toContain('no trial keeps the constraints')
    expect(htmlReport(study({ trials: [trial(0, { state: 'waiting' })] }))).toContain('no trial is complete')
  })

  it('shows the Pareto front of several objectives', () => {
    const page = htmlReport(trainingStudy(digits, 60, { objectives: [objective('valAccuracy', 'maximize'), objective('latencyMs')] }))
    expect(page).toContain('valAccuracy against latencyMs</h2>')
    expect(page).toMatch(/Pareto front: \d+ trials/)
    expect(page).toContain('History of latencyMs</h2>')
  })

  it('takes values that are not finite, and studies without objectives or parameters', () => {
    const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 5e-324]
    const trials = values.map((value, number) => trial(number, { values: [value], metrics: { loss: value }, reports: [{ step: 1, metrics: { loss: value }, time: 0 }] }))
    for (const page of [htmlReport(study({ trials })), htmlReport(study({ trials, objectives: [] })), htmlReport(study({ trials: trials.slice(0, 3) }))]) {
      expect(many(page, /<svg[\s\S]*?<\/svg>/g).filter((chart) => /NaN|Infinity|undefined/.test(chart.replaceAll(/<(title|desc|text)[\s\S]*?<\/\1>/g, '')))).toEqual([])
    }
    expect(htmlReport(study({ trials }))).toContain('data-v="-Infinity"')
  })

  it('escapes whatever has a name', () => {
    const hostile = `</script><img src=x onerror="alert(1)">'\`\u0000<!--`
    const page = htmlReport(
      study({
        name: hostile,
        objectives: [objective(hostile), objective('__proto__')],
        trials: [
          trial(0, { values: [1, 2], metrics: { [hostile]: 1, constructor: 2 }, flatParams: { [hostile]: hostile, toString: 1 }, suggestion: { sampler: hostile, revision: 0, running: [] }, reports: [{ step: 1, metrics: { [hostile]: 1 }, time: 0 }, { step: 2, metrics: { constructor: 1 }, time: 0 }] }),
          trial(1, { state: 'failed', failure: { reason: 'error', message: hostile, stack: hostile }, voided: hostile }),
        ],
        warnings: [{ source: hostile, message: hostile, number: 0 }],
      }),
      { title: hostile, language: '"><script>', facts: [{ label: hostile, value: hostile, detail: hostile }] },
    )
    expect(many(page, /<script/g)).toHaveLength(1)
    expect(many(page, /<\/script/g)).toHaveLength(1)
    expect(page).not.toContain('<img')
    expect(page).not.toContain('<!--')
    expect(page).not.toContain('\u0000')
    expect(page).toContain('&lt;/script&gt;&lt;img src=x onerror=&quot;alert(1)&quot;&gt;')
  })

  it('stays small for long studies, and says what it leaves out', () => {
    const page = htmlReport(trainingStudy(digits, 10_000))
    expect(page.length).toBeLessThan(4_000_000)
    expect(page).toMatch(/200\d of 10000 trials, evenly chosen/)
    expect(page).toMatch(/Drawn: 100\d of 10000 trials/)
  })
})
