import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MeasuredCurves } from './measure-curves.ts'
import { benchmarksFolder } from './problems/load.ts'
import type { Improvements } from './problems/regret.ts'

/** A file of results/ or results/peers/. */
export interface StoredCurves {
  readonly optimiser: string
  readonly settings: string
  readonly command: string
  readonly date: string
  readonly seeds: readonly number[]
  readonly trials: number
  /** Of the processor, in the whole run: what a trial costs with its objective; on whatever machine it was, so no comparison. */
  readonly cpuSecondsPerTrial?: number
  /** Problems on which fewer seeds were run. */
  readonly fewerSeeds?: Readonly<Record<string, number>>
  /** Problems that were left out, or that the sampler refuses. */
  readonly notRun?: readonly string[]
  readonly curves: Readonly<Record<string, readonly Improvements[]>>
}

/** What stands behind the name of a file of another list than problems.json. */
export function suffixOf(list: string): string {
  return list === 'problems.json' ? '' : `-${list.replace(/\.json$/, '')}`
}

export function curvesPath(name: string): string {
  return join(benchmarksFolder, 'results', `${name}.json`)
}

export function readCurves(path: string): StoredCurves | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as StoredCurves) : undefined
}

/** Of a sampler, under its name and that of the problems; lists of numbers on one line each. */
export function storeComparison(name: string, comparison: object): void {
  const text = JSON.stringify(comparison, null, 1).replaceAll(/\[[^[\]{}]*\]/g, (list) => list.replaceAll(/\n */g, ''))
  writeFileSync(curvesPath(`regret-${name}`), `${text}\n`)
}

/** One line a study, so that a difference shows which changed. Studies that failed make the program fail, after it has stored the others. */
export function storeCurves(path: string, header: Omit<StoredCurves, 'curves' | 'date' | 'notRun' | 'fewerSeeds' | 'cpuSecondsPerTrial'>, { curves, refused, failed, cpuSecondsPerTrial }: MeasuredCurves): void {
  if (failed.length > 0) process.exitCode = 1
  const head = {
    formatVersion: 1,
    ...header,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    cpuSecondsPerTrial: Number(cpuSecondsPerTrial.toPrecision(3)),
    fewerSeeds: Object.fromEntries(Object.entries(curves).flatMap(([id, runs]) => (runs.length < header.seeds.length ? [[id, runs.length]] : []))),
    notRun: refused,
    failed,
    encoding: 'curves[problem][seed] = improvements [[trial from 1, best value], ...]',
  }
  const lines = Object.entries(curves).map(([id, runs]) => `  ${JSON.stringify(id)}: [\n${runs.map((run) => `    ${JSON.stringify(run)}`).join(',\n')}\n  ]`)
  writeFileSync(path, `${JSON.stringify(head, null, 1).slice(0, -2)},\n "curves": {\n${lines.join(',\n')}\n }\n}\n`)
}
