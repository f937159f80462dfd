import type { TensorFlow } from '../tensorflow.ts'

/** What the backend of tfjs keeps of its WebAssembly module. */
interface WasmModule {
  _malloc: (bytes: number) => number
  readonly _free: (address: number) => void
}

/** Addresses have 32 bits; a larger number would be cut to what is left of it. */
const MOST = 2 ** 32

/**
 * Makes an allocation that fails an error. tfjs-backend-wasm takes the 0 that `malloc` then answers for an address, and lets kernels write
 * there: over the module's own data, so that other tensors change without a word, and the module aborts some time later, for good.
 */
export function checkWasmAllocations(tf: TensorFlow): void {
  const { wasm } = tf.backend() as unknown as { readonly wasm: WasmModule }
  // The first call puts the real function in its place.
  wasm._free(wasm._malloc(1))
  const malloc = wasm._malloc
  if (malloc.name === 'checkedMalloc') return
  wasm._malloc = function checkedMalloc(bytes) {
    const address = bytes < MOST ? malloc(bytes) : 0
    if (address === 0 && bytes > 0) throw new Error(`Out of memory: WebAssembly has no ${(bytes / 2 ** 20).toFixed(0)} MiB left of at most 4096.`)
    return address
  }
}
