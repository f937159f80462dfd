// Run by tests in a process of its own, as native libraries and GPUs want it: node one-backend.test-support.ts <webgpu | node> [names of layer nets].
// Trains the same net, and the layer nets, and prints what came of it as JSON.
import * as tf from '@tensorflow/tfjs'
import { tfjsTrainer } from '../index.ts'
import { run, trialOf } from '../training.test-support.ts'
import { layerNets, trainLayers } from './layer-nets.test-support.ts'
import { node } from './node.ts'
import { trainSameNet } from './same-net.test-support.ts'
import { webgpu } from './webgpu.ts'

const backend = process.argv[2] === 'node' ? node() : webgpu()
const net = await trainSameNet(backend)
// Who asks again may get another adapter: here, none.
const { navigator } = globalThis as { readonly navigator: { readonly gpu?: { requestAdapter: () => Promise<null> } } }
if (navigator.gpu !== undefined) navigator.gpu.requestAdapter = async () => null
const info = await backend.describe(tf)
const layers: { [name: string]: Awaited<ReturnType<typeof trainLayers>> } = {}
for (const name of process.argv.slice(3)) layers[name] = await trainLayers(layerNets[name]!)
process.stdout.write(`\nanswer:${JSON.stringify({ net, info, layers, masked: await trainMasked() })}\n`)

/** What a training over a mask ends with: tfjs-backend-webgpu cannot compute it. */
async function trainMasked(): Promise<string> {
  const ids = Uint8Array.from({ length: 40 }, (_, index) => (index * 7) % 5)
  const trainer = tfjsTrainer<object>({
    tf,
    backend,
    build: () => tf.sequential({ layers: [tf.layers.embedding({ inputDim: 5, outputDim: 2, maskZero: true, inputLength: 5 }), tf.layers.lstm({ units: 2 }), tf.layers.dense({ units: 1 })] }),
    data: { train: { x: { data: ids, shape: [8, 5] }, y: Array.from({ length: 8 }, (_, index) => index % 2) } },
    epochs: 2,
    loss: 'meanSquaredError',
    optimizer: { type: 'sgd', learningRate: 0.01 },
  })
  return run(trainer, trialOf({})).then(({ reports }) => `${reports.length} reports`, (error: unknown) => (error instanceof Error ? `${(error as { code?: string }).code ?? error.name}: ${error.message}` : String(error)))
}

