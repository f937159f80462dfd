/*
 * The web page of MLflow, as people see a study there. `ATTUNE_SCREENSHOTS=1 npx vitest run --project mlflow pages.mlflow` also saves
 * what it shows into docs/images.
 */
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { TrialRecord } from '@attune/core'
import { chromium, type Browser, type Page } from 'playwright'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { findChromium } from '../../../../../tools/chromium.mjs'
import { mlflowClient } from '../../client/index.ts'
import { digitsStudy } from './digits-study.test-support.ts'

const trackingUri = inject('mlflow') ?? ''
const { path: executablePath, missing } = findChromium()
const why = trackingUri === '' ? ' (there is no MLflow)' : missing === undefined ? '' : ` (${missing})`
/** Only catches hangs: the page takes some seconds. */
const patience = 60_000

describe.skipIf(why !== '')(`a study on the web page of MLflow, in Chromium${why}`, { timeout: 3 * patience }, () => {
  let browser: Browser
  let page: Page
  let experimentId: string
  let best: { readonly number: number; readonly value: number }
  let trials: readonly TrialRecord[]
  let studyPage: string
  /** As they stand in the note. */
  const links = new Map<string, string>()

  beforeAll(async () => {
    const experimentName = process.env['ATTUNE_SCREENSHOTS'] === undefined ? `pages ${randomUUID()}` : 'digits'
    const study = await digitsStudy({ trackingUri, experimentName })
    await study.close()
    best = study.best
    trials = study.trials()
    await using client = mlflowClient({ trackingUri })
    experimentId = (await client.experiments.find(experimentName))!.experimentId
    for await (const run of client.runs.search([experimentId], { filter: `tags."attune.study_id" = '${study.summary.id}'` })) {
      const note = run.tags['mlflow.note.content']
      if (note === undefined) continue
      studyPage = `${trackingUri}/#/experiments/${experimentId}/runs/${run.runId}?workflowType=machine_learning`
      for (const [, name, link] of note.matchAll(/\[(\w+)\]\((\S+)\)/g)) links.set(name!, link!)
    }
    browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] })
  })
  afterAll(() => browser.close())
  afterEach(() => page.close())

  async function open(address: string, { width = 1280, height = 800 } = {}): Promise<void> {
    page = await browser.newPage({ viewport: { width, height } })
    page.setDefaultTimeout(patience)
    // The page offers an assistant for language models in a third of its width.
    await page.addInitScript("addEventListener('load', () => { const close = setInterval(() => { const button = [...document.querySelectorAll('button')].find((each) => each.getAttribute('aria-label') === 'Close'); if (button) { button.click(); clearInterval(close) } }, 100) })")
    await page.goto(address)
  }

  async function screenshot(name: string): Promise<void> {
    if (process.env['ATTUNE_SCREENSHOTS'] === undefined) return
    await page.getByRole('button', { name: 'Close', exact: true }).waitFor({ state: 'detached' })
    await page.screenshot({ path: fileURLToPath(new URL(`../../../../../docs/images/mlflow-${name}.png`, import.meta.url)), animations: 'disabled' })
  }

  const cells = (column: string): Promise<readonly string[]> => page.locator(`[role="gridcell"][col-id="${column}"]`).allInnerTexts()

  it('has one row for the study in the table of runs, which unfolds to its trials', async () => {
    await open(`${trackingUri}/#/experiments/${experimentId}/runs?workflowType=machine_learning`)
    await page.getByRole('link', { name: 'digits', exact: true }).last().waitFor()
    expect(await page.getByRole('link', { name: /^trial \d+$/ }).count()).toBe(0)
    await page.locator('[role="gridcell"] button').first().click()
    await page.getByRole('link', { name: 'trial 0', exact: true }).waitFor({ state: 'attached' })
    expect(await page.getByRole('link', { name: /^trial \d+$/ }).count()).toBeGreaterThan(10)
    await screenshot('runs')
  })

  it('shows the note on the page of the study, with links, the best trial and how it ended', async () => {
    await open(studyPage)
    await page.getByRole('link', { name: 'Comparison', exact: true }).waitFor()
    await page.getByText('Show more').click()
    const text = await page.locator('body').innerText()
    expect(text).toContain(`Best: trial ${best.number}, valAccuracy ${Number(best.value.toPrecision(5))}`)
    expect(text).toContain('stopped: 20 trials are done')
    expect(text).toMatch(/trial\s+state\s+valAccuracy\s+.*learningRate/)
    expect(text).toMatch(/mnist-digits/)
    await screenshot('study')
    // The links of the note are those that are printed.
    await page.getByRole('link', { name: 'Trials', exact: true }).click()
    await page.getByRole('link', { name: `trial ${best.number}`, exact: true }).waitFor()
  })

  it('opens the trials in a table, best first, with states, values and parameters', async () => {
    // Columns out of sight are not there.
    await open(links.get('Trials')!, { width: 1700 })
    await page.getByRole('link', { name: `trial ${best.number}`, exact: true }).waitFor()
    expect(await page.getByRole('link', { name: /^trial \d+$/ }).first().innerText()).toBe(`trial ${best.number}`)
    expect(await page.getByRole('columnheader').allInnerTexts()).toEqual(expect.arrayContaining(['attune.state', 'value', 'learningRate']))
    const values = (await cells('metrics.`value`')).map(Number)
    expect(values[0]).toBeCloseTo(best.value, 6)
    const known = values.filter((value) => !Number.isNaN(value))
    expect(known.length).toBeGreaterThan(10)
    expect(known).toEqual(known.toSorted((a, b) => b - a))
    expect(new Set(await cells('tags.`attune.state`'))).toEqual(new Set(trials.map(({ state }) => state)))
    await screenshot('trials')
  })

  it('opens the charts: parameters and objective as parallel coordinates, and curves over steps', async () => {
    await open(links.get('Charts')!, { width: 1120, height: 920 })
    const cards = page.getByTestId('experiment-view-compare-runs-card')
    const parallel = cards.filter({ hasText: 'Parallel Coordinates' })
    const labels = parallel.locator('svg text')
    await labels.filter({ hasText: /^value$/ }).first().waitFor({ state: 'attached' })
    expect(await labels.allTextContents()).toEqual(expect.arrayContaining(['learningRate', 'optimizer.type', 'value', 'sgd', 'adam']))
    await cards.filter({ hasText: 'Step' }).locator('.scatterlayer .trace').first().waitFor({ state: 'attached' })
    const drawn = await page.evaluate<readonly { readonly name: string; readonly x: readonly number[]; readonly y: readonly number[] }[]>("[...document.querySelectorAll('.js-plotly-plot')].slice(0, 1).flatMap((plot) => plot.data.map(({ name, x, y }) => ({ name, x: [...x], y: [...y] })))")
    const curves = new Map(drawn.map(({ name, x, y }) => [name, x.map((step, index) => [step, y[index]])]))
    expect(Object.fromEntries(curves)).toEqual(Object.fromEntries(trials.map(({ number, reports }) => [`trial ${number}`, reports.map(({ step, metrics }) => [step, metrics['valAccuracy']])])))
    await screenshot('charts')
  })

  it('opens the comparison of the children: parallel coordinates of parameters and objective', async () => {
    await open(links.get('Comparison')!)
    await page.getByText(`Comparing ${trials.filter(({ state }) => state !== 'failed').length} Runs from 1 Experiment`).waitFor()
    const labels = page.locator('svg text')
    // It begins with the first three parameters by name, and the metric that was logged first.
    await labels.filter({ hasText: /^layers\.0\.units$/ }).first().waitFor({ state: 'attached' })
    expect(await labels.allTextContents()).toEqual(expect.arrayContaining(['layers.0.units', 'layers.1.units', 'valAccuracy']))
  })
})
