/**
 * Measures the curves of the peers, one after the other, and stores them in results/peers: hours, so run once; it can be stopped and taken up again.
 *
 *     node --conditions=attune-source src/measure-peers.ts [--only rustuna,hyperopt] [-- --seeds 0-4 --problems validation.json --until 09:10 --assemble]
 *
 * What stands behind -- goes to the scripts in peers/ and overrides the seeds given here.
 */
import { parseArgs } from 'node:util'
import { showPeer } from './peers.ts'

const peers: readonly { readonly name: string; readonly script: string; readonly requirements: string; readonly arguments: readonly string[] }[] = [
  { name: 'optuna-random', script: 'optuna_random.py', requirements: 'requirements.txt', arguments: [] },
  { name: 'optuna-tpe', script: 'optuna_tpe.py', requirements: 'requirements.txt', arguments: [] },
  { name: 'rustuna', script: 'rustuna_tpe.py', requirements: 'rustuna-requirements.txt', arguments: [] },
  { name: 'hyperopt', script: 'hyperopt_tpe.py', requirements: 'hyperopt-requirements.txt', arguments: [] },
  { name: 'optuna-gp', script: 'optuna_gp.py', requirements: 'optuna-gp-requirements.txt', arguments: ['--seeds', '5'] },
  { name: 'smac', script: 'smac_forest.py', requirements: 'smac-requirements.txt', arguments: ['--seeds', '1'] },
  { name: 'hebo', script: 'hebo_gp.py', requirements: 'hebo-requirements.txt', arguments: ['--seeds', '1'] },
]
const { values: options, positionals } = parseArgs({ options: { only: { type: 'string' } }, allowPositionals: true })
const chosen = options.only?.split(',') ?? peers.map(({ name }) => name)
const unknown = chosen.filter((name) => !peers.some((peer) => peer.name === name))
if (unknown.length > 0) throw new Error(`--only takes ${peers.map(({ name }) => name).join(', ')}, not ${unknown.join(', ')}`)
for (const peer of peers) {
  if (!chosen.includes(peer.name)) continue
  console.error(`== ${peer.name}`)
  showPeer(peer.script, [...peer.arguments, ...positionals], peer.requirements)
}
