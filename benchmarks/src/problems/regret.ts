import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { benchmarksFolder } from './load.ts'
import type { Direction } from './problem.ts'

/** The two anchors of normalised regret for one problem, in natural units. */
export interface Anchors {
  /** Tables: the exact optimum. Surrogates: the best value that anyone has found. */
  readonly optimum: number
  /** Median objective of one random configuration. */
  readonly median: number
}

/** The file of anchors in problems/ that belongs to a list there. */
export function anchorsOf(list: string): string {
  return list === 'problems.json' ? 'anchors.json' : list.replace('.json', '-anchors.json')
}

export function readAnchors(file = 'anchors.json'): Readonly<Record<string, Anchors>> {
  const path = join(benchmarksFolder, 'problems', file)
  return (JSON.parse(readFileSync(path, 'utf8')) as { anchors: Record<string, Anchors> }).anchors
}

/** (best − optimum) / (median of one random configuration − optimum), clipped to [0, 1]; the sign serves both directions. */
export function normalisedRegret(best: number, anchors: Anchors): number {
  const regret = (best - anchors.optimum) / (anchors.median - anchors.optimum)
  return Math.min(1, Math.max(0, regret))
}

/** A curve as its improvements: [trial counted from 1, best value so far]. */
export type Improvements = readonly (readonly [trial: number, value: number])[]

export function isBetter(value: number, than: number, direction: Direction): boolean {
  return direction === 'maximize' ? value > than : value < than
}

export function improvements(values: ArrayLike<number>, direction: Direction): Improvements {
  const curve: [number, number][] = []
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? Number.NaN
    const last = curve.at(-1)
    if (last === undefined || isBetter(value, last[1], direction)) curve.push([index + 1, value])
  }
  return curve
}

/** Best value after so many trials. */
export function bestAfter(curve: Improvements, trials: number): number {
  let best = Number.NaN
  for (const [trial, value] of curve) if (trial <= trials) best = value
  return best
}
