import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { benchmarksFolder } from './problems/load.ts'
import { readCurves, type StoredCurves } from './stored-curves.ts'

/** In the order of tables and plots. */
const peers = ['optuna-5.0.0-gp', 'optuna-5.0.0-tpe', 'rustuna-0.2.0-tpe', 'smac-2.4.1-forest', 'hyperopt-0.3.0-tpe', 'hebo-0.3.6-gp', 'optuna-5.0.0-random']

/** The peers that were measured on a list of problems. */
export function storedPeers(suffix: string): readonly StoredCurves[] {
  const paths = peers.map((name) => join(benchmarksFolder, 'results', 'peers', `${name}${suffix}.json`))
  return paths.filter(existsSync).map((path) => readCurves(path) as StoredCurves)
}
