// Starts a child that runs models, prints its process id, and then computes for ever, idles, or simply ends.
import { setInterval } from 'node:timers'
import { cpuSession, endlessModel } from './models.test-support.ts'
import { createRuntimeProcess } from './runtime-process.ts'

const [, , mode] = process.argv
const timeout = 600_000
const runtime = createRuntimeProcess([{ type: 'load', model: endlessModel(), session: cpuSession }])
await runtime.request({ type: 'describe' }, { timeout })
console.log(runtime.pid)
if (mode === 'idle') setInterval(() => undefined, 1000)
if (mode === 'endless') await runtime.request({ type: 'predict', inputs: { data: new Float32Array(3), dims: [1, 3] }, batchSize: 1 }, { timeout })
