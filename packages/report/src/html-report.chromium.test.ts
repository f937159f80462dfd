import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { choice, float, int, oneOf, repeat, space } from '@attune/core'
import { chromium } from 'playwright'
import type { Browser, BrowserContextOptions, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium } from '../../../tools/chromium.mjs'
import { htmlReport } from './html-report.ts'
import { objective, study, trainingStudy, trial } from './study-data.test-support.ts'
import type { StudyData } from './study-data.ts'

const found = findChromium()
if (found.missing !== undefined) console.log(`SKIPPED: the report in a real browser. ${found.missing}`)

const digits = space({
  learningRate: float(1e-4, 1e-1, { scale: 'log' }),
  layers: repeat({ units: int(16, 256, { step: 16 }) }, { min: 1, max: 3 }),
  optimizer: oneOf({ sgd: { momentum: float(0, 0.99) }, adam: {} }),
  activation: choice(['relu', 'tanh']),
})

describe.skipIf(found.path === undefined)(`the report in Chromium${found.missing === undefined ? '' : ` (${found.missing})`}`, () => {
  let browser: Browser
  let folder: string
  let pages = 0

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'attune report '))
    browser = await chromium.launch({ executablePath: found.path!, args: ['--no-sandbox'] })
  })
  afterAll(async () => {
    await browser.close()
    await rm(folder, { recursive: true })
  })

  /** Opens a report without a network, and whatever the browser complains about or asks for. */
  async function open(data: StudyData, options: BrowserContextOptions = {}): Promise<{ readonly page: Page; readonly complaints: readonly string[] }> {
    const file = join(folder, `report ${pages++}.html`)
    await writeFile(file, htmlReport(data))
    const context = await browser.newContext({ offline: true, viewport: { width: 1280, height: 900 }, ...options })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`))
    page.on('request', (request) => {
      if (request.url() !== pathToFileURL(file).href) complaints.push(`request: ${request.url()}`)
    })
    await page.goto(pathToFileURL(file).href)
    return { page, complaints }
  }

  it.each([0, 1, 40, 300])('opens with %d trials, without a network and without a complaint', async (trials) => {
    const { page, complaints } = await open(trainingStudy(digits, trials))
    expect(await page.locator('h1').textContent()).toBe('mnist-mlp')
    expect(await page.locator('tbody tr').count()).toBe(trials)
    // Nothing sticks out of the page sideways.
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    expect(complaints).toEqual([])
  })

  it('is read on a phone, on paper, in the dark and without scripts', async () => {
    const data = trainingStudy(digits, 40)
    const phone = await open(data, { viewport: { width: 390, height: 800 } })
    expect(await phone.page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    const paper = await open(data)
    expect((await paper.page.pdf()).length).toBeGreaterThan(10_000)
    const background = 'getComputedStyle(document.body).backgroundColor'
    const dark = await open(data, { colorScheme: 'dark' })
    expect(await dark.page.evaluate(background)).not.toBe(await paper.page.evaluate(background))
    const plain = await open(data, { javaScriptEnabled: false })
    expect(await plain.page.locator('svg.chart').first().isVisible()).toBe(true)
    expect(await plain.page.locator('.js').first().isVisible()).toBe(false)
    for (const { complaints } of [phone, paper, dark, plain]) expect(complaints).toEqual([])
  })

  it('runs nothing that a name says, even where an escape were missing', async () => {
    const hostile = `</script><script>document.title='owned'</script><img src=x onerror="document.title='owned'">`
    const { page, complaints } = await open(study({ name: hostile, objectives: [objective(hostile)], trials: [trial(0, { values: [1], flatParams: { [hostile]: hostile } })], warnings: [{ source: hostile, message: hostile }] }))
    expect(await page.title()).toBe(`${hostile} · Attune`)
    expect(await page.locator('img').count()).toBe(0)
    expect(complaints).toEqual([])
    // The policy holds on its own: an element with a handler does nothing.
    await page.evaluate(`document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="document.title=1"><svg onload="document.title=2"></svg>')`)
    await page.evaluate('new Promise((resolve) => setTimeout(resolve))')
    expect(await page.title()).toBe(`${hostile} · Attune`)
    expect(complaints.length).toBeGreaterThan(0)
  })

  it('sorts its table by exact numbers, with what is missing last', async () => {
    const values = [0.100_000_1, undefined, 0.100_000_2, Number.NEGATIVE_INFINITY, 2, 10]
    const { page, complaints } = await open(study({ trials: values.map((value, number) => trial(number, value === undefined ? { state: 'failed' } : { values: [value] })) }))
    const order = (): Promise<string[]> => page.locator('tbody tr td:first-child').allTextContents()
    const button = page.getByRole('button', { name: 'loss' })
    await button.click()
    expect(await order()).toEqual(['3', '0', '2', '4', '5', '1'])
    expect(await page.locator('th[aria-sort]').getAttribute('aria-sort')).toBe('ascending')
    await button.focus()
    await page.keyboard.press('Enter')
    expect(await order()).toEqual(['5', '4', '2', '0', '3', '1'])
    expect(complaints).toEqual([])
  })

  it('marks a trial everywhere when the pointer is on it, and keeps it marked after a click', async () => {
    const { page } = await open(trainingStudy(digits, 40))
    const mark = page.locator('#history-0 .mark.s-best')
    const number = await mark.getAttribute('data-t')
    const box = (await mark.boundingBox())!
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
    expect(await page.locator('#tip b').textContent()).toBe(`Trial ${number}`)
    expect(await page.locator('#tip').textContent()).toContain('learningRate: ')
    expect(await page.locator('#parallel .on').count()).toBe(1)
    expect(await page.locator('tr.on').getAttribute('id')).toBe(`t${number}`)
    await page.mouse.down()
    await page.mouse.up()
    await page.mouse.move(0, 0)
    expect(await page.locator('#tip').isVisible()).toBe(false)
    expect(await page.locator('tr.on').getAttribute('id')).toBe(`t${number}`)
    await page.keyboard.press('Escape')
    expect(await page.locator('.on').count()).toBe(0)
  })

  it('selects trials by dragging along an axis', async () => {
    const data = trainingStudy(digits, 40)
    const { page, complaints } = await open(data)
    const axis = page.locator('.brush').last()
    await axis.scrollIntoViewIfNeeded()
    const { x, y, width, height } = (await axis.boundingBox())!
    await page.mouse.move(x + width / 2, y + 3)
    await page.mouse.down()
    await page.mouse.move(x + width / 2, y + height * 0.3, { steps: 4 })
    await page.mouse.up()
    const best = Math.max(...data.trials.flatMap(({ state, values }) => (state === 'complete' ? values![0]! : [])))
    const shown = await page.locator('tbody tr:visible td:nth-child(3)').allTextContents()
    expect(shown.length).toBeGreaterThan(0)
    expect(shown.length).toBeLessThan(data.trials.length)
    expect(Math.max(...shown.map(Number))).toBeCloseTo(best, 4)
    expect(await page.locator('#selected').textContent()).toBe(`${shown.length} of 40 trials selected in the parallel coordinates`)
    await page.locator('#clear').click()
    expect(await page.locator('tbody tr:visible').count()).toBe(40)
    expect(complaints).toEqual([])
  })
})
