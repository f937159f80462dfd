import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createStudy, float, int, maximize, oneOf, type Report, type TrialRecord } from '@attune/core'
import { decode } from 'fast-png'
import { chromium, type Browser, type Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findChromium } from '../../../tools/chromium.mjs'
import { ensurePython } from '../../../tools/python/ensure.mjs'
import { temporaryFolder } from './files.test-support.ts'
import { startTensorBoard, type TensorBoardServer } from './tensorboard-server.test-support.ts'
import { tensorboard } from './tensorboard.ts'

const found = findChromium()
const { python = '', missing: noPython } = ensurePython()
const missing = found.missing ?? noPython
if (missing !== undefined) console.log(`SKIPPED: TensorBoard's page in a real browser. ${missing}`)

/** Where the screenshots of docs/tensorboard.md go, if they are asked for. */
const screenshots = process.env['ATTUNE_SCREENSHOTS'] === '1' ? fileURLToPath(new URL('../../../docs/images', import.meta.url)) : undefined

/** Some trials fail, some are pruned, one ends with an infinite score. */
async function writeStudy(logDir: string): Promise<readonly TrialRecord[]> {
  const study = await createStudy({
    name: 'digits',
    space: { learningRate: float(1e-3, 1, { scale: 'log' }), layers: int(1, 4), optimizer: oneOf({ sgd: { momentum: float(0, 0.99) }, adam: {} }) },
    objective: maximize('accuracy'),
    seed: 5,
    pruner: { specVersion: 'v1', id: 'test', create: () => ({ judge: ({ number, step }) => (number % 6 === 5 && step === 4 ? 'prune' : 'continue') }) },
    loggers: [tensorboard({ logDir })],
  })
  await study.optimize(async function* ({ number, params }): AsyncGenerator<Report, { readonly accuracy: number } | undefined> {
    if (number % 12 === 7) throw new Error('out of memory')
    const ceiling = 0.95 - Math.abs(Math.log10(params.learningRate) + 1.5) / 5 - Math.abs(params.layers - 2) / 20
    for (let step = 1; step <= 10; step++) yield { step, accuracy: ceiling * (1 - Math.exp(-step / 3)), loss: 2 - ceiling * (1 - Math.exp(-step / 3)) }
    return number === 3 ? { accuracy: Infinity } : undefined
  }, { trials: 24 })
  await study.close()
  return study.trials()
}

describe.skipIf(missing !== undefined)(`TensorBoard's page in Chromium${missing === undefined ? '' : ` (${missing})`}`, () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let browser: Browser
  let server: TensorBoardServer
  let trials: readonly TrialRecord[]
  let page: Page

  beforeAll(async () => {
    folder = await temporaryFolder()
    trials = await writeStudy(folder.path)
    server = await startTensorBoard(python, join(folder.path, (await readdir(folder.path))[0]!), 'fast')
    browser = await chromium.launch({ executablePath: found.path!, args: ['--no-sandbox'] })
    page = await (await browser.newContext({ viewport: { width: 1280, height: 1200 } })).newPage()
  })
  afterAll(async () => {
    await browser.close()
    await server[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  async function shoot(name: string, height = 680): Promise<void> {
    if (screenshots === undefined) return
    await mkdir(screenshots, { recursive: true })
    const path = join(screenshots, `tensorboard-${name}.png`)
    await page.screenshot({ path, clip: { x: 0, y: 0, width: 1280, height } })
    expect((await stat(path)).size).toBeLessThan(200_000)
  }

  /** The rows of the table, each as the texts of its cells. */
  async function rows(): Promise<readonly (readonly string[])[]> {
    return page.locator('vaadin-grid#sessionGroupsTable').evaluate((grid) =>
      [...grid.shadowRoot!.querySelectorAll('#items tr:not([hidden])')].map((row) =>
        [...row.querySelectorAll('slot')].map((slot) => (slot.assignedNodes()[0]?.textContent ?? '').trim()),
      ),
    )
  }

  /** Ticks or unticks a box of the pane on the left. */
  async function toggle(label: string): Promise<void> {
    await page.locator('tf-hparams-query-pane paper-checkbox', { hasText: new RegExp(`^\\s*${label}\\s*$`) }).click()
  }

  const result = ({ state, value }: TrialRecord): string => (state !== 'failed' && Number.isFinite(value) ? value!.toPrecision(5) : '')

  test('has each trial in the table of the HParams tab, with its values and its status', async () => {
    await page.goto(`${server.url}/#hparams`)
    await expect.poll(async () => (await rows()).length, { timeout: 60_000 }).toBe(trials.length)
    const shown = new Map((await rows()).map(([name, , ...cells]) => [name, cells]))
    for (const trial of trials) {
      const { learningRate, layers, 'optimizer.type': type, 'optimizer.sgd.momentum': momentum = 0 } = trial.flatParams
      const [layersCell, rateCell, momentumCell, typeCell, objective, pruned] = shown.get(`trial-${String(trial.number).padStart(4, '0')}`)!
      expect([Number(layersCell), typeCell, objective, Number(pruned)]).toEqual([layers, type, result(trial), trial.state === 'pruned' ? 1 : 0])
      expect(Number(rateCell)).toBeCloseTo(Number(learningRate), 3)
      expect(Number(momentumCell)).toBeCloseTo(Number(momentum), 3)
    }
    await shoot('hparams-table')
    const complete = trials.filter(({ state }) => state === 'complete').length
    expect(complete).toBe(trials.length - 6)
    await toggle('Failure')
    await expect.poll(async () => (await rows()).length, { timeout: 60_000 }).toBe(complete)
    await toggle('Failure')
    await toggle('Success')
    await expect.poll(async () => (await rows()).length, { timeout: 60_000 }).toBe(trials.length - complete)
    await toggle('Success')
    await expect.poll(async () => (await rows()).length, { timeout: 60_000 }).toBe(trials.length)
  })

  test('draws a line in the parallel coordinates for each trial that has a result, and without the results for all', async () => {
    await page.getByText('Parallel coordinates view').click()
    const lines = page.locator('tf-hparams-parallel-coords-plot .foreground path')
    const withResult = trials.filter((trial) => result(trial) !== '').length
    expect(withResult).toBe(trials.length - 3)
    const drawn = async (): Promise<number> => (await lines.evaluateAll((paths) => paths.filter((path) => (path.getAttribute('d') ?? '').length > 10 && !(path.getAttribute('d') ?? '').includes('NaN')))).length
    await expect.poll(drawn, { timeout: 60_000 }).toBe(withResult)
    await shoot('hparams-parallel-coordinates', 460)
    await toggle('accuracy \\(maximize\\)')
    await toggle('loss')
    await expect.poll(drawn, { timeout: 60_000 }).toBe(trials.length)
  })

  test('shows the curves of the trials and of the study', async () => {
    await page.goto(`${server.url}/#timeseries`)
    await page.reload()
    /** Coloured pixels of a chart, which TensorBoard draws by WebGL. Axes and grid are grey. */
    const coloured = async (title: string): Promise<number> => {
      const { data, channels } = decode(await page.locator('scalar-card', { hasText: title }).locator('line-chart .series-view').screenshot())
      let count = 0
      for (let i = 0; i < data.length; i += channels) {
        const pixel = [data[i]!, data[i + 1]!, data[i + 2]!]
        if (Math.max(...pixel) - Math.min(...pixel) > 60) count++
      }
      return count
    }
    await expect.poll(() => coloured('accuracy'), { timeout: 60_000 }).toBeGreaterThan(2000)
    await expect.poll(() => coloured('loss'), { timeout: 60_000 }).toBeGreaterThan(2000)
    await shoot('curves')
    await page.getByRole('combobox', { name: 'Filter tags (regex)' }).fill('study/')
    // One line, of one colour.
    await expect.poll(() => coloured('study/best'), { timeout: 60_000 }).toBeGreaterThan(100)
    expect(await coloured('study/best')).toBeLessThan(2000)
    for (const count of ['complete', 'pruned', 'failed']) await expect.poll(() => coloured(`study/${count}`), { timeout: 60_000 }).toBeGreaterThan(100)
    await shoot('study')
  })
})
