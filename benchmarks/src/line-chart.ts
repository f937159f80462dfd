export interface Series {
  readonly name: string
  /** One value a trial, from the first. */
  readonly values: readonly number[]
  /** Drawn thicker, above the others. */
  readonly emphasised: boolean
}

const width = 860
const height = 460
const plot = { left: 64, right: 640, top: 44, bottom: 408 }
/** Told apart without red and green side by side (Okabe and Ito). */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7f7f7f', '#000000', '#8c564b', '#b0a000']
const dashes = ['', '6 3', '2 3', '8 3 2 3']

/** An SVG picture of curves over trials, with a logarithmic axis upwards and the names at the right, in the order of the last values. */
export function lineChart(title: string, yLabel: string, series: readonly Series[]): string {
  const positive = series.flatMap(({ values }) => values.slice(4)).filter((value) => value > 0)
  const high = Math.max(...positive)
  const low = Math.max(Math.min(...positive), high / 1000)
  const count = Math.max(...series.map(({ values }) => values.length))
  const x = (trial: number): number => plot.left + ((plot.right - plot.left) * (trial - 1)) / (count - 1)
  const y = (value: number): number => plot.bottom - ((plot.bottom - plot.top) * Math.log(Math.min(high * 1.6, Math.max(low, value)) / low)) / Math.log((high * 1.6) / low)
  const number = (value: number): string => value.toFixed(1)
  const text = (at: readonly [number, number], words: string, more = ''): string => `<text x="${number(at[0])}" y="${number(at[1])}" ${more}>${escaped(words)}</text>`

  const decades = [0.0001, 0.001, 0.01, 0.1, 1].flatMap((decade) => [1, 2, 5].map((factor) => factor * decade)).filter((value) => value >= low && value <= high * 1.6)
  const lines = decades.map((value) => `<line x1="${plot.left}" x2="${plot.right}" y1="${number(y(value))}" y2="${number(y(value))}" stroke="#e4e4e4"/>${text([plot.left - 8, y(value) + 4], String(Number(value.toPrecision(1))), 'text-anchor="end"')}`)
  const ticks = [1, ...Array.from({ length: 10 }, (_, index) => ((index + 1) * count) / 10)].map((trial) => `<line x1="${number(x(trial))}" x2="${number(x(trial))}" y1="${plot.bottom}" y2="${plot.bottom + 5}" stroke="#888"/>${text([x(trial), plot.bottom + 20], String(trial), 'text-anchor="middle"')}`)

  const last = (one: Series): number => one.values.at(-1) ?? 0
  const order = series.map((one, index) => ({ one, index })).sort((a, b) => last(b.one) - last(a.one))
  // Names that would overlap are moved apart, from above and then from below.
  const labels = order.map(({ one }) => y(last(one)))
  for (let index = 1; index < labels.length; index++) labels[index] = Math.max(labels[index] as number, (labels[index - 1] as number) + 16)
  labels[labels.length - 1] = Math.min(labels.at(-1) ?? 0, plot.bottom + 4)
  for (let index = labels.length - 2; index >= 0; index--) labels[index] = Math.min(labels[index] as number, (labels[index + 1] as number) - 16)
  const curves = order.map(({ one, index }, at) => {
    const colour = colours[index % colours.length]
    const style = `fill="none" stroke="${colour}" stroke-width="${one.emphasised ? 3.2 : 1.6}" stroke-dasharray="${one.emphasised ? '' : dashes[index % dashes.length]}"`
    const points = one.values.map((value, trial) => `${number(x(trial + 1))},${number(y(value))}`).join(' ')
    const label = labels[at] as number
    return `<polyline points="${points}" ${style}/><polyline points="${plot.right},${number(y(last(one)))} ${plot.right + 14},${number(label)}" fill="none" stroke="${colour}"/>${text([plot.right + 18, label + 4], `${one.name} ${(1000 * last(one)).toFixed(0)}`, `fill="${colour}"${one.emphasised ? ' font-weight="bold"' : ''}`)}`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="${escaped(title)}">
<rect width="${width}" height="${height}" fill="#fff"/>
${text([plot.left, 24], title, 'font-size="16" font-weight="bold"')}
${lines.join('\n')}
${ticks.join('\n')}
${text([(plot.left + plot.right) / 2, height - 10], 'trials', 'text-anchor="middle"')}
${text([16, (plot.top + plot.bottom) / 2], yLabel, `text-anchor="middle" transform="rotate(-90 16 ${(plot.top + plot.bottom) / 2})"`)}
${curves.join('\n')}
</svg>
`
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
