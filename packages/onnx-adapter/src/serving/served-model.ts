import { AttuneError, type Artifact, type Trainer } from '@attune/core'
import { readModelBytes, type ModelSource } from '../model-source.ts'
import { largestModel } from '../session-options.ts'

/**
 * A trainer that trains nothing: each trial leaves this model, for an evaluator that serves it as the trial's parameters say. The model is
 * read when the first trial starts; `train` rejects as `readModelBytes` does, with ONNX_MODEL, ONNX_TOO_LARGE, ONNX_PATH or ONNX_OPTION.
 */
export function servedModel(source: ModelSource): Trainer {
  let reading: Promise<Uint8Array> | undefined
  return {
    specVersion: 'v1',
    id: 'served-model',
    concurrency: 'shared',
    // oxlint-disable-next-line require-yield -- there are no steps to report
    async *train() {
      reading ??= readModelBytes(source, largestModel)
      const bytes = await reading
      const artifact: Artifact = {
        kind: 'onnx',
        bytes: () => bytes,
        as(kind) {
          if (kind === 'onnx') return artifact
          throw new AttuneError('UNSUPPORTED', `The model is served as it is, as onnx, not as ${kind}.`)
        },
      }
      return artifact
    },
  }
}
