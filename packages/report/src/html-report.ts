import { curveChart, reportedMetrics } from './page/curve-chart.ts'
import { correctionSection } from './page/corrections.ts'
import { bestSection, header } from './page/header.ts'
import type { Fact } from './page/header.ts'
import { historyChart } from './page/history-chart.ts'
import { html, trusted } from './page/markup.ts'
import type { Markup } from './page/markup.ts'
import { failureSection, groupWarnings, warningSection } from './page/notices.ts'
import { parallelChart } from './page/parallel-chart.ts'
import { paretoChart } from './page/pareto-chart.ts'
import { contentPolicy } from './page/policy.ts'
import { script } from './page/script.ts'
import { style } from './page/style.ts'
import { trialTable } from './page/trial-table.ts'
import { leaders } from './results.ts'
import type { StudyData } from './study-data.ts'

/** Options of `htmlReport`. */
export interface HtmlReportOptions {
  /** Default: the study's name. */
  readonly title?: string
  /** Shown beside the best value: a test accuracy, a model size. */
  readonly facts?: readonly Fact[]
  /** Language of the page's names and messages, for screen readers. Default `en`. */
  readonly language?: string
}

const mostHistories = 4
const mostPairs = 3
const mostCurves = 6

/**
 * The study as one HTML page that needs nothing else: no network, no other file. Its content policy allows
 * its own style and script and nothing more. Whatever users named is escaped. Stays below a few megabytes
 * for studies of any length: charts and table say when they leave trials out.
 */
export function htmlReport(study: StudyData, options: HtmlReportOptions = {}): string {
  const { objectives } = study.definition
  const leading = new Set(leaders(study).map((trial) => trial.number))
  const warnings = groupWarnings(study.warnings ?? [])
  const title = options.title ?? study.definition.name
  const present = (sections: readonly (Markup | undefined)[]): readonly Markup[] => sections.filter((section) => section !== undefined)
  const pairs = objectives.flatMap((_, first) => objectives.slice(first + 1).map((_, offset) => [first, first + 1 + offset] as const)).slice(0, mostPairs)
  const metrics = reportedMetrics(study)
  const goals = metrics.filter((metric) => objectives.some((objective) => objective.metric === metric))
  const curves = (names: readonly string[]): readonly Markup[] => present(names.slice(0, mostCurves).map((metric) => curveChart(study, metric, metrics.indexOf(metric), leading)))
  const shown = goals.length > 0 ? goals : metrics.slice(0, 1)
  const charts = [...present(pairs.map(([first, second]) => paretoChart(study, first, second, leading))), ...present(objectives.slice(0, mostHistories).map((_, index) => historyChart(study, index, leading))), ...curves(shown)]
  const more = curves(metrics.filter((metric) => !shown.includes(metric)))
  const page = html`<!doctype html>
<html lang="${options.language ?? 'en'}"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${contentPolicy}"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer"><meta name="generator" content="Attune"><title>${title} · Attune</title><style>${trusted(style)}</style></head><body><main>
${header(study, title, warnings.length, options.facts ?? [])}
${study.trials.length === 0 ? html`<section class="card"><h2>No trials yet</h2><p class="note">This page shows the study when it was written. Write it again after trials have run.</p></section>` : undefined}
${bestSection(study)}
${charts.length > 0 ? html`<div class="pair">${charts}</div>` : undefined}
${parallelChart(study, leading)}
${more.length > 0 ? html`<details class="card"><summary>Curves of other metrics</summary><div class="pair">${more}</div></details>` : undefined}
${failureSection(study)}
${warningSection(warnings)}
${correctionSection(study)}
${trialTable(study, leading)}
<footer>Written by Attune. This page is one file and loads nothing.</footer>
</main><div id="tip" hidden></div><script>${trusted(script)}</script></body></html>
`
  return page.markup
}
