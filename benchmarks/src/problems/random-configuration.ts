import type { Configuration, Parameter, Value } from './problem.ts'

/** One configuration from the problem's uniform (log-uniform) prior; `uniform` answers numbers in [0, 1). */
export function randomConfiguration(parameters: readonly Parameter[], uniform: () => number): Configuration {
  const configuration: Record<string, Value> = {}
  for (const parameter of parameters) {
    if (parameter.when !== undefined && configuration[parameter.when.parent] !== parameter.when.value) continue
    configuration[parameter.name] = randomValue(parameter, uniform())
  }
  return configuration
}

function randomValue(parameter: Parameter, u: number): Value {
  if ('choices' in parameter) return parameter.choices[Math.floor(u * parameter.choices.length)] as Value
  const half = parameter.kind === 'int' ? 0.5 : 0
  const low = parameter.low - half
  const high = parameter.high + half
  const value = parameter.log ? Math.exp(Math.log(low) + u * Math.log(high / low)) : low + u * (high - low)
  return parameter.kind === 'int' ? Math.min(parameter.high, Math.max(parameter.low, Math.round(value))) : value
}
