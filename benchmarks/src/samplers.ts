import { random, type SamplerFactory } from '@attune/core'
import * as exported from '@attune/samplers'

/** Made without options, by its id: `tpe`, `cma-es`, `auto` and so on, as far as @attune/samplers exports it. */
export function samplerNamed(name: string): SamplerFactory {
  const factory = factoryOf(name)
  if (factory === undefined) throw new Error(`@attune/samplers exports no sampler ${name}`)
  return factory()
}

export function hasSampler(name: string): boolean {
  return factoryOf(name) !== undefined
}

function factoryOf(name: string): (() => SamplerFactory) | undefined {
  if (name === 'random') return random
  const camelCase = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
  const found = (exported as Readonly<Record<string, unknown>>)[camelCase]
  return typeof found === 'function' ? (found as () => SamplerFactory) : undefined
}
