// Run by tests in a process of its own, as native libraries and GPUs want it: node one-backend.test-support.ts <webgpu | node> [names of layer nets].
// Trains the same net, and the layer nets, and prints what came of it as JSON.
import * as tf from '@tensorflow/tfjs'
import { layerNets, trainLayers } from './layer-nets.test-support.ts'
import { node } from './node.ts'
import { trainSameNet } from './same-net.test-support.ts'
import { webgpu } from './webgpu.ts'

const backend = process.argv[2] === 'node' ? node() : webgpu()
const net = await trainSameNet(backend)
const info = await backend.describe(tf)
const layers: { [name: string]: Awaited<ReturnType<typeof trainLayers>> } = {}
for (const name of process.argv.slice(3)) layers[name] = await trainLayers(layerNets[name]!)
process.stdout.write(`\nanswer:${JSON.stringify({ net, info, layers })}\n`)
