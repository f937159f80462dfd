import type { create, globals } from 'webgpu'
import { messageOf, tfjsError } from '../error.ts'
import type { TensorFlow } from '../tensorflow.ts'
import { backendError, expectActive, importOptional, installCommand, switchTo, type Backend } from './backend.ts'

/**
 * The GPU through WebGPU: in browsers that have it, and in Node through the package `webgpu` (Dawn), whose globals
 * this installs on `globalThis` where `navigator.gpu` is missing.
 */
export function webgpu(): Backend {
  let watched: Device | undefined
  let failure: DeviceError | undefined
  return {
    name: 'webgpu',
    async activate(tf) {
      if (tf.getBackend() !== 'webgpu') {
        const packageName = '@tensorflow/tfjs-backend-webgpu'
        await provideGpu()
        await importOptional('webgpu', packageName, tf, () => import('@tensorflow/tfjs-backend-webgpu'))
        await switchTo(tf, 'webgpu', `Update the GPU driver, or use wasm(). ${installCommand(packageName, tf)}`)
      }
      failure = undefined
      const { device } = tf.backend() as unknown as { readonly device: Device }
      if (device === watched) return
      watched = device
      device.addEventListener('uncapturederror', ({ error }) => (failure ??= error))
    },
    check() {
      if (failure === undefined) return
      const { message } = failure
      // The trainer says what helps against too little memory.
      if (failure.constructor.name === 'GPUOutOfMemoryError') throw new Error(`Out of memory: ${message}`)
      throw tfjsError('TFJS_KERNEL', `The GPU refused an operation that this model needs, so that its numbers are wrong: ${message.split('\n', 1)[0]} Use wasm(), node() or another layer.`, { details: { backend: 'webgpu' } })
    },
    async describe(tf) {
      expectActive(tf, 'webgpu')
      const { vendor, architecture, device, description } = infoOf(tf)
      const adapter = [vendor, architecture, device, description].filter((part) => part !== undefined && part !== '').join(' ')
      return { backend: 'webgpu', ...(adapter === '' ? {} : { adapter }) }
    },
  }
}

interface DeviceError {
  readonly message: string
}

/** Of WebGPU's device: tfjs does not look at the failures that it reports. */
interface Device {
  /** Of the adapter that it is of; browsers of before 2025 lack it. */
  readonly adapterInfo?: AdapterInfo
  addEventListener(type: 'uncapturederror', listener: (event: { readonly error: DeviceError }) => void): void
}

/** The package `webgpu`. */
interface Dawn {
  readonly create: typeof create
  readonly globals: typeof globals
}

interface AdapterInfo {
  readonly vendor?: string
  readonly architecture?: string
  readonly device?: string
  readonly description?: string
}

interface Scope {
  navigator?: { gpu?: { requestAdapter(): Promise<object | null> } }
}

/** Of the adapter that tfjs took, the faster one where there are two, and not of another that one would get by asking again. */
function infoOf(tf: TensorFlow): AdapterInfo {
  const { device, adapterInfo } = tf.backend() as { readonly device?: Device; readonly adapterInfo?: AdapterInfo }
  return device?.adapterInfo ?? adapterInfo ?? {}
}

async function provideGpu(): Promise<void> {
  const scope = globalThis as unknown as Scope
  if (scope.navigator?.gpu === undefined) {
    if (typeof process === 'undefined' || process.versions?.node === undefined) {
      throw backendError('webgpu', 'needs a browser with WebGPU', 'Serve the page over https or from localhost, update the browser, or use wasm().')
    }
    // Not a literal, so that bundlers for browsers leave this package, which is for Node, alone.
    const packageName: string = 'webgpu'
    let module: Dawn
    try {
      module = (await import(/* @vite-ignore */ packageName)) as Dawn
    } catch (cause) {
      throw backendError('webgpu', `needs the package "webgpu" in Node, which cannot be loaded (${messageOf(cause)})`, 'Install it: npm install webgpu', cause)
    }
    Object.assign(globalThis, module.globals)
    scope.navigator ??= {}
    Object.defineProperty(scope.navigator, 'gpu', { value: module.create([]), configurable: true })
  }
  if (((await scope.navigator.gpu?.requestAdapter()) ?? null) === null) {
    throw backendError('webgpu', 'finds no GPU adapter', 'Install a Vulkan, Metal or Direct3D 12 driver (in a container, pass the GPU through), or use wasm().')
  }
}
