/// <reference types="vite/client" />
// The same net in a browser's page: chromium.test.ts bundles it and calls `train`.
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url'
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url'
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url'
import { cpu } from './cpu.ts'
import { trainSameNet, type SameNet } from './same-net.test-support.ts'
import { wasm } from './wasm.ts'
import { webgpu } from './webgpu.ts'

const wasmPaths = { 'tfjs-backend-wasm.wasm': plain, 'tfjs-backend-wasm-simd.wasm': simd, 'tfjs-backend-wasm-threaded-simd.wasm': threaded }
const backends = { cpu: () => cpu(), wasm: () => wasm({ wasmPaths }), 'wasm, two threads': () => wasm({ wasmPaths, threads: 2 }), webgpu: () => webgpu() }

export type PageBackend = keyof typeof backends

Object.assign(globalThis, {
  train: (backend: PageBackend): Promise<SameNet> => trainSameNet(backends[backend]()),
})
