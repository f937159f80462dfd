// A process that makes things when it is told to: `node client-race.test-support.ts URL NAME`.
import { once } from 'node:events'
import { mlflowClient } from './client.ts'

const [url = '', name = ''] = process.argv.slice(2)
await using client = mlflowClient({ trackingUri: url })
await client.server()
console.log('ready')
await once(process.stdin, 'data')
process.stdin.destroy()
const { experimentId } = await client.experiments.ensure(name)
const { runId: anonymous, artifactUri } = await client.runs.create({ experimentId })
const [run, model] = await Promise.all([client.runs.create({ experimentId, key: name }), client.models.create({ experimentId, name: 'net', key: name })])
await client.registry.ensureModel(name)
const { version } = await client.registry.createVersion({ name, source: artifactUri, runId: anonymous, key: name })
console.log(JSON.stringify({ experiment: experimentId, run: run.runId, anonymous, model: model.modelId, version }))
