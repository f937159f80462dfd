import { metricDirections, probabilityMetrics, scaledPrefix, type Direction, type Measure } from './metric.ts'

/** Which way each metric of quality is better, by the name that it has in a study. */
export function directionsOf(measures: readonly Measure[], isCalibrated: boolean, prefix: string): { readonly [metric: string]: Direction } {
  const raw = measures.map(({ name, metric }) => [prefix + name, metricDirections[metric]] as const)
  const scaled = measures.filter(({ metric }) => probabilityMetrics.includes(metric)).map(({ name, metric }) => [prefix + scaledPrefix + name, metricDirections[metric]] as const)
  return Object.fromEntries([...raw, ...(isCalibrated ? scaled : [])])
}
