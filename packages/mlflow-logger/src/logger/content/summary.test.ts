import { createStudy, float, maximize, oneOf, type Study } from '@attune/core'
import { loggerContextOf } from '@attune/testing'
import { expect, it } from 'vitest'
import type { RunIds } from '../writes.ts'
import { linkLines } from './links.ts'
import { sharedView } from './shared-view.ts'
import { noteWrites, tableWrites } from './summary.ts'

const runs: RunIds = { trackingUri: 'https://host/prefix', experimentId: '7', parent: 'p0', trial: (number) => Promise.resolve(number === 3 ? undefined : `r${number}`) }

const refuse = (): Promise<boolean> => Promise.resolve(false)

async function studied(trials: number, name = 'a|b\n*c*', idLength = 0, share: Parameters<typeof noteWrites>[3] = refuse): Promise<{ readonly note: string; readonly study: Study<unknown>; readonly summary: Awaited<ReturnType<typeof noteWrites>> }> {
  const study = await createStudy({ name, space: { 'learning rate': float(0, 1) }, objective: maximize('accuracy'), seed: 3, loggers: [] })
  await study.optimize(({ number }) => number, { trials })
  await study.void(0, 'No.')
  const ids: RunIds = idLength === 0 ? runs : { ...runs, trial: (number) => Promise.resolve(String(number).padStart(idLength, '0')) }
  const summary = await noteWrites(loggerContextOf(study), ids, { reason: 'all 6 trials are done' }, share)
  return { note: String(summary.tags['mlflow.note.content']), study, summary }
}

it('the note says how the study stands, in a table that no name can break, with links', async () => {
  const { note, summary } = await studied(6)
  expect(note.split('\n')).toEqual([
    `[Trials](${summary.links.trials}) · [Charts](${summary.links.charts}) · [Comparison](${summary.links.compare})`, '',
    '**Best: trial 5, accuracy 5**', '',
    'maximize `accuracy` · 6 trials: 5 complete, 1 void · stopped: all 6 trials are done', '',
    '| trial | state | accuracy | learning rate |', '| --: | --- | --: | --- |',
    ...[5, 4, 3, 2, 1].map((number) => expect.stringMatching(new RegExp(`^\\| ${number} \\| complete \\| ${number} \\| 0\\.\\d+ \\|$`)) as string), '',
  ])
})

it('links name the view for training, the children of the study, and the best first', async () => {
  const { summary } = await studied(6)
  const { study, trials, charts, compare } = summary.links
  expect(study).toBe('https://host/prefix/#/experiments/7/runs/p0?workflowType=machine_learning')
  const query = new URLSearchParams(trials.split('?')[1])
  expect(Object.fromEntries(query)).toEqual({ workflowType: 'machine_learning', searchFilter: "tags.mlflow.parentRunId = 'p0'", orderByKey: 'metrics.`value`', orderByAsc: 'false' })
  expect(new URLSearchParams(charts.split('?')[1]).get('compareRunsMode')).toBe('CHART')
  // Trial 0 is void, and trial 3 has no run.
  expect(Object.fromEntries(new URLSearchParams(compare?.split('?')[1]))).toEqual({ runs: '["r5","r4","r2","r1"]', experiments: '["7"]' })
  for (const link of [trials, charts, compare]) expect(link).not.toMatch(/[()'\s]/)
  expect(linkLines('digits', summary.links)).toContain(`🏃 View run digits at: ${study}\n`)
  expect(linkLines('a\u001b[2J\r\nb', summary.links)).toContain(`View run a [2J b at: ${study}\n`)
})

it('where the experiment may keep a view, links open it: columns, parallel coordinates and curves', async () => {
  const kept = new Map<string, string>()
  const { summary, study } = await studied(6, 'digits', 0, (tag, value) => Promise.resolve(kept.set(tag, value) !== undefined))
  const key = `attune-${study.summary.id.slice(0, 40)}`
  expect(summary.links.charts).toBe(`https://host/prefix/#/experiments/7/runs?workflowType=machine_learning&compareRunsMode=CHART&viewStateShareKey=${key}`)
  expect(JSON.parse(kept.get(`mlflow.sharedViewState.${key}`)!)).toMatchObject({
    searchFilter: "tags.mlflow.parentRunId = 'p0'",
    orderByKey: 'metrics.`value`',
    selectedColumns: ['tags.`attune.state`', 'metrics.`value`', 'params.`learning rate`'],
    compareRunCharts: [{ type: 'PARALLEL', selectedParams: ['learning rate'], selectedMetrics: ['value'] }, { type: 'LINE', metricKey: 'accuracy' }],
  })
})

it('a view fits into a tag of every server, however many parameters there are', async () => {
  const names = Array.from({ length: 60 }, (_, index) => `${'long name '.repeat(15)}${index}`)
  const study = await createStudy({ name: 'wide', space: Object.fromEntries(names.map((name) => [name, float(0, 1)])), objective: maximize('accuracy'), seed: 3, loggers: [] })
  await study.optimize(({ number }) => number, { trials: 3 })
  const { value } = sharedView(loggerContextOf(study), 'p0')
  expect(value.length).toBeLessThanOrEqual(4_900)
  expect((JSON.parse(value) as { readonly selectedColumns: readonly string[] }).selectedColumns.length).toBeGreaterThan(8)
})

it('the history is a CSV of all trials, and the best parameters are JSON', async () => {
  const { study } = await studied(6)
  const files = Object.fromEntries(tableWrites(loggerContextOf(study)).map(({ path, content }) => [path, String(content)]))
  expect(files['attune/history.csv']?.split('\r\n')).toHaveLength(8)
  expect(JSON.parse(files['attune/best.json']!)).toEqual({ number: 5, values: [5], metrics: { accuracy: 5 }, params: study.trial(5).flatParams })
})

it('a note is never longer than MLflow keeps, and its links are whole', async () => {
  for (const [name, idLength] of [['x'.repeat(200), 32], ['x'.repeat(200), 300], ['y'.repeat(190), 32]] as const) {
    const { note, summary } = await studied(120, name, idLength)
    expect(note.length).toBeLessThanOrEqual(7_500)
    expect(note).toContain(`[Charts](${summary.links.charts})`)
    expect(note.includes('[Comparison')).toBe(idLength === 32)
  }
})

it('a study that has just begun has a note too, and a view with the parameters that will come', async () => {
  const study = await createStudy({ name: 'empty', space: { x: float(0, 1), kind: oneOf({ a: { y: float(0, 1) }, b: {} }) }, objective: maximize('accuracy'), seed: 3, loggers: [] })
  const kept: string[] = []
  const { tags, links } = await noteWrites(loggerContextOf(study), runs, undefined, (_, value) => Promise.resolve(kept.push(value) > 0))
  expect(tags['mlflow.note.content']).toBe(`[Trials](${links.trials}) · [Charts](${links.charts})\n\nmaximize \`accuracy\` · running`)
  expect(links.compare).toBeUndefined()
  const [first = ''] = Object.values(tags)
  for (const before of ['What we **look for**.', `What we **look for**.\n\n${String(first)}`]) {
    const again = await noteWrites(loggerContextOf(study), runs, { reason: undefined }, refuse, before)
    expect(again.tags['mlflow.note.content']).toBe(`What we **look for**.\n\n[Trials](${again.links.trials}) · [Charts](${again.links.charts})\n\nmaximize \`accuracy\` · 0 trials: none yet`)
  }
  expect(JSON.parse(kept[0]!)).toMatchObject({
    selectedColumns: ['tags.`attune.state`', 'metrics.`value`', 'params.`kind.type`', 'params.`x`', 'params.`kind.a.y`'],
    compareRunCharts: [{ type: 'PARALLEL', selectedParams: ['kind.type', 'x'] }, { type: 'LINE' }],
  })
  expect(tableWrites(loggerContextOf(study)).map(({ path }) => path)).toEqual(['attune/history.csv'])
})
