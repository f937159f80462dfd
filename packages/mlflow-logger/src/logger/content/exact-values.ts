import type { StepReport, TrialRecord } from '@attune/core'
import { numberText } from './texts.ts'

/*
 * MLflow keeps infinities as ±1.7976931348623157e308, which is also a value of its own, −0 as 0, and its page leaves NaN out. The tag
 * `attune.exact.<metric>` says which points are which, as in `NaN: 3, 7 to 12; Infinity: 5; final NaN`.
 */

const exactPrefix = 'attune.exact.'

/** What the tags have to say after a report: only where a stretch of them begins, because the end of the trial says it in full. */
export function exactSoFar(report: StepReport, reports: readonly StepReport[]): { readonly [tag: string]: string } {
  const tags: { [tag: string]: string } = {}
  if (Object.values(report.metrics).every(isPlain)) return tags
  const until = reports.filter(({ step }) => step <= report.step)
  const before = until.at(-2)?.metrics
  for (const [metric, value] of Object.entries(report.metrics)) {
    if (isPlain(value) || (before !== undefined && Object.hasOwn(before, metric) && Object.is(before[metric], value))) continue
    tags[exactPrefix + metric] = describe(metric, until)
  }
  return tags
}

/** All such values of a trial that has ended. */
export function exactValues({ reports, metrics }: Pick<TrialRecord, 'reports' | 'metrics'>): { readonly [tag: string]: string } {
  const names = new Set<string>()
  for (const report of [...reports, { metrics }]) for (const [name, value] of Object.entries(report.metrics)) if (!isPlain(value)) names.add(name)
  return Object.fromEntries([...names].map((name) => {
    const final = Object.hasOwn(metrics, name) ? metrics[name] : undefined
    const parts = [describe(name, reports), final === undefined || isPlain(final) ? '' : `final ${numberText(final)}`]
    return [exactPrefix + name, parts.filter((part) => part !== '').join('; ')]
  }))
}

function isPlain(value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0)
}

/** Stretches of reports with the same value, by value: `a to b` is every report from step a to step b. */
function describe(metric: string, reports: readonly StepReport[]): string {
  const stretches = new Map<string, (readonly [number, number])[]>()
  let open: { readonly kind: string; readonly from: number; to: number } | undefined
  const close = (): void => {
    if (open === undefined) return
    const list = stretches.get(open.kind) ?? []
    list.push([open.from, open.to])
    stretches.set(open.kind, list)
    open = undefined
  }
  for (const { step, metrics } of reports) {
    const value = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined
    const kind = value === undefined || isPlain(value) ? undefined : numberText(value)
    if (open !== undefined && open.kind === kind) open.to = step
    else {
      close()
      if (kind !== undefined) open = { kind, from: step, to: step }
    }
  }
  close()
  return [...stretches].map(([kind, list]) => `${kind}: ${list.map(([from, to]) => (from === to ? String(from) : `${from} to ${to}`)).join(', ')}`).join('; ')
}
