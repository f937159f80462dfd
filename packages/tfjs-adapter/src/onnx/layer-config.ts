import type { Layer } from '../tensorflow.ts'
import { exportError } from './export-error.ts'

/** A layer's settings, read with checks: they are plain JSON without types. */
export interface LayerConfig {
  text(key: string, fallback: string): string
  number(key: string, fallback: number): number
  flag(key: string, fallback: boolean): boolean
  /** A list of `length` numbers; one number stands for a list of equal ones. */
  pair(key: string, fallback: number): readonly [number, number]
  raw(key: string): unknown
}

export function layerConfig(layer: Layer): LayerConfig {
  const config: { readonly [key: string]: unknown } = layer.getConfig()
  const value = (key: string): unknown => config[key] ?? undefined
  return {
    raw: value,
    text: (key, fallback) => (typeof value(key) === 'string' ? (value(key) as string) : fallback),
    number: (key, fallback) => (typeof value(key) === 'number' ? (value(key) as number) : fallback),
    flag: (key, fallback) => (typeof value(key) === 'boolean' ? (value(key) as boolean) : fallback),
    pair(key, fallback) {
      const given = value(key) ?? fallback
      const [first, second] = Array.isArray(given) ? (given as unknown[]) : [given, given]
      if (typeof first !== 'number' || typeof second !== 'number') throw exportError(layer, `its ${key} is ${JSON.stringify(given)}`)
      return [first, second]
    },
  }
}
