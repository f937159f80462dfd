import { createModelBuilder } from '@attune/onnx-format'
import type { ExecutionProvider } from '../execution-provider.ts'
import type { ProbeAnswer } from '../protocol.ts'
import { Failure } from './failure.ts'
import { importRuntime, loadModel, prepareModel } from './model-session.ts'

/** Runs a small model on a provider, alone. Throws ONNX_RUNTIME_MISSING. */
export async function probeProvider(provider: ExecutionProvider): Promise<ProbeAnswer> {
  const runtime = await importRuntime()
  const known = runtime.listSupportedBackends().find(({ name }) => name === provider)
  if (known === undefined) return { bundled: false, problem: `onnxruntime-node has no ${provider} for this platform` }
  try {
    const settings = { executionProviders: [provider], intraOpThreads: 1, graphOptimizationLevel: 'all', precision: 'float32', externalDirectory: undefined, maxModelBytes: 2 ** 20 } as const
    const session = await loadModel(await prepareModel(smallModel(), settings), settings)
    await session.run({ x: { data: new Float32Array(16), dims: [1, 16] } })
    await session.release()
    return { bundled: known.bundled, problem: null }
  } catch (error) {
    if (error instanceof Failure) return { bundled: known.bundled, problem: error.message }
    throw error
  }
}

/** What every provider can run: a dense layer. */
function smallModel(): Uint8Array {
  const model = createModelBuilder({ graphName: 'probe' })
  const x = model.input('x', 'float32', [1, 16])
  const w = model.initializer('w', { data: new Float32Array(256), dims: [16, 16] })
  model.node('Relu', [model.node('MatMul', [x, w])], { outputs: ['y'] })
  model.output('y', 'float32', [1, 16])
  return model.toBytes()
}
