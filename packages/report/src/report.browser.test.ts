import { createStudy, float, minimize } from '@attune/core'
import { expect, it } from 'vitest'
import { csv, htmlReport, readStudy } from './index.ts'

/** The little of the DOM that is needed here; the packages are compiled without its types. */
interface ParsedPage {
  querySelector(selector: string): { readonly textContent: string } | null
  querySelectorAll(selector: string): { readonly length: number }
}
const { DOMParser } = globalThis as unknown as { readonly DOMParser: new () => { parseFromString(text: string, type: 'text/html'): ParsedPage } }

it('a page runs a study and writes its report', async () => {
  await using study = await createStudy({ name: 'in a page', space: { x: float(-10, 10) }, objective: minimize('loss'), seed: 1 })
  await study.optimize(({ params }) => ({ loss: (params.x - 2) ** 2 }), { trials: 30 })
  const data = await readStudy(study)
  const page = new DOMParser().parseFromString(htmlReport(data), 'text/html')
  expect(page.querySelector('h1')?.textContent).toBe('in a page')
  expect(page.querySelectorAll('tbody tr').length).toBe(30)
  expect(page.querySelectorAll('#history-0 .mark').length).toBe(30)
  expect(csv(data).split('\r\n').length).toBe(32)
})
