import type { TensorFlow } from '../tensorflow.ts'
import { backendError, expectActive, importOptional, installCommand, switchTo, type Backend } from './backend.ts'
import { registerWasmKernels } from './kernels/wasm-kernels.ts'
import { checkWasmAllocations } from './wasm-allocations.ts'

/** Options of `wasm`. */
export interface WasmOptions {
  /** Where the browser finds the .wasm files: a folder's URL, or a URL for each file. Not needed in Node. */
  readonly wasmPaths?: string | { readonly [file: string]: string }
  /**
   * How many threads compute. tfjs takes at most half of the logical cores, which is the default; browsers give threads to cross-origin
   * isolated pages only, and tfjs uses none in Node: `describe` says how many there are.
   */
  readonly threads?: number
}

const PACKAGE = '@tensorflow/tfjs-backend-wasm'

/**
 * WebAssembly, with SIMD where the host has it: the default choice without native code, in Node and in browsers. tfjs-backend-wasm 4.22
 * lacks gradients of convolutions and embeddings, and gets some others wrong; those are registered here.
 */
export function wasm(options: WasmOptions = {}): Backend {
  const { wasmPaths, threads } = options
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) throw backendError('wasm', `cannot have ${String(threads)} threads`, 'Give a whole number of at least 1, or leave it out.')
  const load = (tf: TensorFlow) => importOptional('wasm', PACKAGE, tf, () => import('@tensorflow/tfjs-backend-wasm'))
  return {
    name: 'wasm',
    async activate(tf) {
      if (tf.getBackend() !== 'wasm') {
        const module = await load(tf)
        if (wasmPaths !== undefined) module.setWasmPaths(wasmPaths)
        if (threads !== undefined) module.setThreadsCount(threads)
        const removeListeners = watchListeners()
        try {
          await switchTo(tf, 'wasm', `In a browser, serve its .wasm files and pass their place: wasm({ wasmPaths: '/wasm/' }). ${installCommand(PACKAGE, tf)}`)
        } finally {
          removeListeners()
        }
      }
      checkWasmAllocations(tf)
      registerWasmKernels(tf)
    },
    async describe(tf) {
      expectActive(tf, 'wasm')
      const module = await load(tf)
      return { backend: 'wasm', threads: module.getThreadsCount(), simd: (await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')) === true }
    },
  }
}

const EVENTS = ['uncaughtException', 'unhandledRejection'] as const

/**
 * In Node, Emscripten's start-up code listens for whatever goes uncaught, and throws it again: a program that fails would
 * end with exit code 7 and name a line of tfjs. Returns a function that removes these listeners.
 */
function watchListeners(): () => void {
  if (typeof globalThis.process?.listeners !== 'function') return () => undefined
  const known = new Set<unknown>(EVENTS.flatMap((event) => process.listeners(event as 'uncaughtException')))
  return () => {
    for (const event of EVENTS) {
      for (const listener of process.listeners(event as 'uncaughtException')) {
        if (!known.has(listener) && /ExitStatus|throw reason/.test(String(listener))) process.removeListener(event, listener)
      }
    }
  }
}
