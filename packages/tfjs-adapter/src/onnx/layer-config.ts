import type { Layer } from '../tensorflow.ts'
import { exportError } from './export-error.ts'

/** A layer's settings, read with checks: they are plain JSON without types. */
export interface LayerConfig {
  text(key: string, fallback: string): string
  number(key: string, fallback: number): number
  flag(key: string, fallback: boolean): boolean
  /** A list of `length` numbers; one number stands for a list of equal ones. */
  numbers(key: string, length: number, fallback: number): readonly number[]
  /** undefined where nothing, or null, is set. */
  raw(key: string): unknown
}

export function layerConfig(layer: Layer): LayerConfig {
  const config: { readonly [key: string]: unknown } = layer.getConfig()
  const raw = (key: string): unknown => config[key] ?? undefined
  return {
    raw,
    text: (key, fallback) => (typeof raw(key) === 'string' ? (raw(key) as string) : fallback),
    number: (key, fallback) => (typeof raw(key) === 'number' ? (raw(key) as number) : fallback),
    flag: (key, fallback) => (typeof raw(key) === 'boolean' ? (raw(key) as boolean) : fallback),
    numbers(key, length, fallback) {
      const given = raw(key) ?? fallback
      const list: unknown[] = Array.isArray(given) ? given : Array.from({ length }, () => given)
      if (list.length === length && list.every((entry) => typeof entry === 'number')) return list
      throw exportError(layer, `its ${key} is ${JSON.stringify(given)}`)
    },
  }
}

/** A field of a layer that its types keep to themselves. */
export function fieldOf(layer: Layer, field: string): unknown {
  return (layer as unknown as { readonly [field: string]: unknown })[field]
}
