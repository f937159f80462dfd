import type { NamedTensorInfoMap, ResizeNearestNeighborGradAttrs, TensorInfo } from '@tensorflow/tfjs'

/** What a kernel needs of tfjs-backend-cpu. */
export interface CpuMemory {
  readonly data: { get(id: TensorInfo['dataId']): { readonly values: ArrayLike<number> } }
  makeTensorInfo(shape: readonly number[], dtype: 'float32', values: Float32Array): TensorInfo
}

/** The gradient of up-sampling by repetition. That of tfjs-backend-cpu 4.22 reads the wrong cells for every sample of a batch but the first. */
export function resizeNearestNeighborGrad(memory: CpuMemory, inputs: NamedTensorInfoMap, { alignCorners }: ResizeNearestNeighborGradAttrs): TensorInfo {
  const { images, dy } = inputs as { readonly images: TensorInfo; readonly dy: TensorInfo }
  const [batchSize, inRows, inColumns, channels] = images.shape as [number, number, number, number]
  const [, outRows, outColumns] = dy.shape as [number, number, number, number]
  const gradient = memory.data.get(dy.dataId).values
  const rows = sources(inRows, outRows, alignCorners)
  const columns = sources(inColumns, outColumns, alignCorners)
  const sums = new Float64Array(batchSize * inRows * inColumns * channels)
  let upstream = 0
  for (let sample = 0; sample < batchSize; sample++) {
    for (const row of rows) {
      for (const column of columns) {
        const sum = ((sample * inRows + row) * inColumns + column) * channels
        for (let channel = 0; channel < channels; channel++) sums[sum + channel]! += gradient[upstream++] as number
      }
    }
  }
  return memory.makeTensorInfo(images.shape, 'float32', Float32Array.from(sums))
}

/** For each row (or column) of the output, that of the input which it repeats, as ResizeNearestNeighbor chooses it. */
function sources(input: number, output: number, alignCorners: boolean): readonly number[] {
  const aligned = alignCorners && output > 1
  const scale = aligned ? (input - 1) / (output - 1) : input / output
  return Array.from({ length: output }, (_, index) => Math.min(input - 1, aligned ? Math.round(index * scale) : Math.floor(index * scale)))
}
