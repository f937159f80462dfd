import { messageOf, tfjsError } from '../error.ts'
import type { TensorFlow } from '../tensorflow.ts'

/** A TensorFlow.js backend that a trainer asks for. Made by `cpu()`, `wasm()`, `webgpu()`, `node()` and `nodeGpu()`. */
export interface Backend {
  /** As in `tf.getBackend()`. */
  readonly name: string
  /**
   * Makes it the active backend of `tf`. Called before every trial: cheap when it is active already.
   * @throws AttuneError `TFJS_BACKEND` with the remedy. It never leaves another backend in charge without saying so.
   */
  activate(tf: TensorFlow): Promise<void>
  /**
   * Called before every report: throws if the device has reported a failure since `activate`. For devices that go on computing, with wrong
   * numbers, where an operation is refused.
   * @throws AttuneError `TFJS_KERNEL`
   */
  check?(): void
  /**
   * What `activate` chose, once it has.
   * @throws AttuneError `TFJS_BACKEND` where another backend is active
   */
  describe(tf: TensorFlow): Promise<BackendInfo>
}

/** What a backend runs on; what does not apply to it is absent. */
export interface BackendInfo {
  readonly backend: string
  /** wasm: how many threads compute; 1 in Node, and in pages that are not cross-origin isolated. */
  readonly threads?: number
  /** wasm: whether the build with SIMD was loaded. */
  readonly simd?: boolean
  /** webgpu: the adapter's maker and architecture, as the browser or the driver names them. */
  readonly adapter?: string
  /** node, nodeGpu: the native library and its version. */
  readonly library?: string
  /** node, nodeGpu: whether the library uses a GPU. */
  readonly gpu?: boolean
}

export function backendError(name: string, problem: string, remedy: string, cause?: unknown): Error {
  return tfjsError('TFJS_BACKEND', `The TensorFlow.js backend "${name}" ${problem}. ${remedy}`, { details: { backend: name }, ...(cause === undefined ? {} : { cause }) })
}

/** A backend that is not active has nothing to say of itself. */
export function expectActive(tf: TensorFlow, name: string): void {
  const active = tf.getBackend()
  if (active !== name) throw backendError(name, `cannot be described: it is not active in this process (${active === '' || active === undefined ? 'none is' : `"${active}" is`})`, 'Await its activate(tf), or a training on it, first; what a trial ran on is in its artefact\'s meta.')
}

/** Imports an optional package, or fails with the command that installs it. */
export async function importOptional<T>(backend: string, packageName: string, tf: TensorFlow, load: () => Promise<T>, remedy?: string): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    throw backendError(backend, `needs ${packageName}, which cannot be loaded (${firstLine(cause)})`, remedy ?? installCommand(packageName, tf), cause)
  }
}

export function installCommand(packageName: string, tf: TensorFlow): string {
  return `Install it: npm install ${packageName}@${tf.version_core}`
}

/**
 * Switches to a registered backend. tfjs goes on with another one after a failed start, with only a line on the console:
 * so what counts is which one is active afterwards.
 */
export async function switchTo(tf: TensorFlow, name: string, remedy: string): Promise<void> {
  if (tf.getBackend() === name) return
  let cause: unknown
  try {
    await tf.setBackend(name)
    await tf.ready()
  } catch (error) {
    cause = error
  }
  if (tf.getBackend() !== name) {
    const problem = cause === undefined ? `does not start here (tfjs went on with "${tf.getBackend()}")` : `does not start here (${firstLine(cause)})`
    throw backendError(name, problem, remedy, cause)
  }
}

function firstLine(error: unknown): string {
  return messageOf(error).split('\n', 1)[0] ?? ''
}
