import process from 'node:process'
import { isAttuneError } from '@attune/core'
import { onnxError } from './errors.ts'
import { executionProviders, providerRemedies, type ExecutionProvider } from './execution-provider.ts'
import { isProbeAnswer } from './protocol.ts'
import { createRuntimeProcess } from './runtime-process.ts'

/** What is known of an execution provider on this machine. */
export interface ExecutionProviderInfo {
  readonly name: ExecutionProvider
  /** Whether onnxruntime-node brings it, so that nothing else has to be installed but a driver. */
  readonly bundled: boolean
  /** Whether a small model ran on it, and on nothing else, just now. */
  readonly usable: boolean
  /** Why it cannot be used, and what would help; undefined if it can. */
  readonly reason: string | undefined
}

/**
 * Tries every execution provider, one after the other, with a small model in processes of their own: one that crashes is told as unusable.
 * Rejects with ONNX_RUNTIME_MISSING, or ONNX_ABORTED.
 */
export async function listExecutionProviders(options: { readonly signal?: AbortSignal; readonly timeout?: number } = {}): Promise<readonly ExecutionProviderInfo[]> {
  const { signal, timeout = 60_000 } = options
  const runtime = createRuntimeProcess()
  try {
    const found: ExecutionProviderInfo[] = []
    for (const name of executionProviders) {
      const { bundled, problem } = await runtime.request({ type: 'probe', provider: name }, { signal, timeout }).then(checked, (error: unknown) => {
        if (!isAttuneError(error) || error.code === 'ONNX_RUNTIME_MISSING' || error.code === 'ONNX_ABORTED') throw error
        return { bundled: false, problem: error.message }
      })
      found.push({ name, bundled, usable: problem === null, reason: problem === null ? undefined : `${problem.replace(/\.$/, '')} (${process.platform} ${process.arch}). ${providerRemedies[name]}` })
    }
    return found
  } finally {
    await runtime.close()
  }
}

function checked(answer: unknown): { readonly bundled: boolean; readonly problem: string | null } {
  if (!isProbeAnswer(answer)) throw onnxError('ONNX_PROTOCOL', 'The process that runs ONNX Runtime answered something that tells nothing of a provider.')
  return answer
}
