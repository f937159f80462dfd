import { importOptional, installCommand, switchTo, type Backend } from './backend.ts'
import { registerConv2DBackpropFilter } from './conv2d-backprop-filter.ts'

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
      const packageName = '@tensorflow/tfjs-backend-wasm'
      const module = await importOptional('wasm', packageName, tf, () => import('@tensorflow/tfjs-backend-wasm'))
      if (options.wasmPaths !== undefined && tf.getBackend() !== 'wasm') module.setWasmPaths(options.wasmPaths)
      await switchTo(tf, 'wasm', `In a browser, serve its .wasm files and pass their place: wasm({ wasmPaths: '/wasm/' }). ${installCommand(packageName, tf)}`)
      registerConv2DBackpropFilter(tf, 'wasm')
    },
  }
}
