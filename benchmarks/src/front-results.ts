import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FrontRun } from './front-runs.ts'
import { benchmarksFolder } from './problems/load.ts'

/** What a hypervolume of a problem is measured by. */
export interface FrontAnchor {
  /** Losses of the reference point. */
  readonly reference: readonly number[]
  /** The highest hypervolume that is possible, or that anybody has found. */
  readonly hypervolume: number
}

/** Runs of one optimiser. */
export interface StoredRuns {
  readonly optimiser: string
  readonly trials: number
  readonly runs: Readonly<Record<string, readonly FrontRun[]>>
}

/** Runs of peers are kept; ours are quick to repeat, so git ignores them. */
const folders = [join(benchmarksFolder, '.rows'), join(benchmarksFolder, 'results', 'peers')] as const
export const anchorsFile: string = join(benchmarksFolder, 'problems', 'several-objectives-anchors.json')

export function readFrontAnchors(): Readonly<Record<string, FrontAnchor>> {
  return (JSON.parse(readFileSync(anchorsFile, 'utf8')) as { readonly anchors: Record<string, FrontAnchor> }).anchors
}

export function storeRuns(name: string, header: object, runs: Readonly<Record<string, readonly FrontRun[]>>): void {
  const lines = Object.entries(runs).map(([id, list]) => `  ${JSON.stringify(id)}: [\n${list.map((run) => `   ${JSON.stringify(run)}`).join(',\n')}\n  ]`)
  const head = { formatVersion: 1, ...header, encoding: 'runs[problem][seed] = trials that nothing before them dominated, [[trial from 1, ...values], ...]' }
  for (const folder of folders) mkdirSync(folder, { recursive: true })
  writeFileSync(fileOf(name), `${JSON.stringify(head, null, 1).slice(0, -2)},\n "runs": {\n${lines.join(',\n')}\n }\n}\n`)
}

export function readRuns(): readonly (StoredRuns & { readonly name: string })[] {
  return folders.filter(existsSync).flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.startsWith('multi-objective-'))
      .map((file) => ({ name: file.slice('multi-objective-'.length, -'.json'.length), ...(JSON.parse(readFileSync(join(folder, file), 'utf8')) as StoredRuns) })),
  )
}

/** Runs that are stored already under this name, to go on with. */
export function runsSoFar(name: string): Readonly<Record<string, readonly FrontRun[]>> {
  return existsSync(fileOf(name)) ? (JSON.parse(readFileSync(fileOf(name), 'utf8')) as StoredRuns).runs : {}
}

function fileOf(name: string): string {
  return join(folders[name.startsWith('optuna') ? 1 : 0], `multi-objective-${name}.json`)
}
