import { expect, it } from 'vitest'
import { lineChart } from './line-chart.ts'

const curve = (end: number): readonly number[] => Array.from({ length: 100 }, (_, index) => Math.max(end, 1 / (index + 1)))

it('draws each curve with its name and last value, and moves names apart', () => {
  const svg = lineChart('Regret <all> & more', 'regret', [0.05, 0.05, 0.05, 0].map((end, index) => ({ name: `curve ${index}`, values: curve(end), emphasised: index === 0 })))
  expect(svg).toContain('Regret &lt;all&gt; &amp; more'.replace('&gt;', '>'))
  expect(svg).not.toContain('NaN')
  const labels = [...svg.matchAll(/<text x="658\.0" y="([\d.]+)"[^>]*>(curve \d) (\d+)</g)]
  expect(labels.map(([, , name, value]) => `${name} ${value}`).sort()).toEqual(['curve 0 50', 'curve 1 50', 'curve 2 50', 'curve 3 10'])
  const heights = labels.map(([, y]) => Number(y)).sort((a, b) => a - b)
  for (let index = 1; index < heights.length; index++) expect((heights[index] ?? 0) - (heights[index - 1] ?? 0)).toBeGreaterThanOrEqual(15.9)
})
