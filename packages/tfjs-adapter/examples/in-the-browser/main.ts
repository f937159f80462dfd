/// <reference types="vite/client" />
import { createStudy, float, int, maximize, MemoryArtifacts } from '@attune/core'
import { tfjsArtifact, tfjsTrainer, wasm, webgpu } from '@attune/tfjs-adapter'
import * as tf from '@tensorflow/tfjs'
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url'
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url'
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url'

// The bundler copies the three files and says where they are.
const wasmPaths = { 'tfjs-backend-wasm.wasm': plain, 'tfjs-backend-wasm-simd.wasm': simd, 'tfjs-backend-wasm-threaded-simd.wasm': threaded }
const backend = location.search === '?webgpu' ? webgpu() : wasm({ wasmPaths })

const log = document.querySelector('#log')!
const say = (line: string) => log.append(`${line}\n`)

/** Bars across images of 8×8: upright ones are class 1. */
function bars(count: number, offset: number): { x: { data: Float32Array; shape: number[] }; y: number[] } {
  const data = new Float32Array(count * 64)
  const y = Array.from({ length: count }, (_, sample) => (sample + offset) % 2)
  for (let cell = 0; cell < data.length; cell++) {
    const [sample, row, column] = [Math.floor(cell / 64), Math.floor(cell / 8) % 8, cell % 8]
    const along = y[sample] === 1 ? column : row
    data[cell] = (along === (sample * 3 + offset) % 8 ? 1 : 0) + Math.sin(cell * 12.9898 + offset) * 0.3
  }
  return { x: { data, shape: [count, 8, 8, 1] }, y }
}

const study = await createStudy({
  name: 'bars',
  space: { filters: int(2, 8), learningRate: float(1e-3, 1e-1, { scale: 'log' }) },
  objective: maximize('valAccuracy'),
  artifacts: new MemoryArtifacts(),
  seed: 7,
})
try {
  await study.optimize(tfjsTrainer({
    tf,
    backend,
    build: ({ filters }) => tf.sequential({ layers: [
      tf.layers.conv2d({ filters, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 1] }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 2, activation: 'softmax' }),
    ] }),
    data: { train: bars(64, 0), validation: bars(32, 64) },
    epochs: 2,
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
    optimizer: ({ learningRate }) => ({ type: 'adam', learningRate }),
  }), { trials: 2 })
  for (const { number, params, metrics } of study.trials()) say(`${number} ${JSON.stringify(params)} ${JSON.stringify(metrics)}`)
  const best = (await study.best.artifact())!
  const onnx = await (await tfjsArtifact(tf, best.bytes).as('onnx')).bytes()
  say(`on ${JSON.stringify(await backend.describe(tf))}`)
  say(`the best model has ${best.bytes.length} bytes, and ${onnx.length} as ONNX`)
  const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(new Blob([onnx as Uint8Array<ArrayBuffer>])), download: 'best.onnx', textContent: 'best.onnx' })
  document.body.append(link)
} catch (error) {
  say(`failed: ${error instanceof Error ? error.message : String(error)}`)
}
log.setAttribute('data-done', '')
