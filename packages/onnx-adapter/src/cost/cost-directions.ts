import type { CostSettings } from './cost-settings.ts'

type Direction = 'minimize' | 'maximize'

/** The quantiles of a session's runs that are told. */
export const latencyQuantiles: readonly (readonly [name: string, share: number])[] = [['P50', 0.5], ['P95', 0.95], ['P99', 0.99]]

/** Which way each metric of cost is better. The bounds of an interval are what a constraint asks for when it wants to be sure. */
export function costDirections({ latency, throughput, load, memory, parameters, multiplyAdds }: CostSettings): { readonly [metric: string]: Direction } {
  const smaller = [
    'modelBytes',
    ...(latency === undefined ? [] : latencyQuantiles.flatMap(([name]) => [`latency${name}Ms`, `latency${name}LowMs`, `latency${name}HighMs`])),
    ...(load === undefined ? [] : ['loadMs']),
    ...(latency === undefined && throughput.length === 0 && load === undefined ? [] : ['contended']),
    ...(memory ? ['residentMb'] : []),
    ...(parameters ? ['parameters'] : []),
    ...(multiplyAdds ? ['multiplyAdds'] : []),
  ]
  return Object.fromEntries([...smaller.map((name) => [name, 'minimize'] as const), ...throughput.map(({ metric }) => [metric, 'maximize'] as const)])
}
