import { importOptional, installCommand, switchTo, type Backend } from './backend.ts'
import { registerWasmKernels } from './kernels/wasm-kernels.ts'

/** Options of `wasm`. */
export interface WasmOptions {
  /** Where the browser finds the .wasm files: a folder's URL, or a URL for each file. Not needed in Node. */
  readonly wasmPaths?: string | { readonly [file: string]: string }
}

/**
 * WebAssembly with SIMD: the default choice without native code, in Node and in browsers. tfjs cannot train
 * convolutions on it; this registers the missing kernel. Embeddings and depthwise convolutions still cannot be trained on it.
 */
export function wasm(options: WasmOptions = {}): Backend {
  return {
    name: 'wasm',
    async activate(tf) {
      if (tf.getBackend() !== 'wasm') {
        const packageName = '@tensorflow/tfjs-backend-wasm'
        const module = await importOptional('wasm', packageName, tf, () => import('@tensorflow/tfjs-backend-wasm'))
        if (options.wasmPaths !== undefined) module.setWasmPaths(options.wasmPaths)
        const removeListeners = watchListeners()
        try {
          await switchTo(tf, 'wasm', `In a browser, serve its .wasm files and pass their place: wasm({ wasmPaths: '/wasm/' }). ${installCommand(packageName, tf)}`)
        } finally {
          removeListeners()
        }
      }
      registerWasmKernels(tf)
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
