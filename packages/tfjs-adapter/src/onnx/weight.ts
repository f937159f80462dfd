/** A weight with its values on the JavaScript side. They are those of the tensor: not to be written to. */
export interface Weight {
  readonly data: Float32Array
  readonly dims: readonly number[]
}

/** The weight with its axes in another order: the i-th new one is the old `permutation[i]`. */
export function transposed(weight: Weight, permutation: readonly number[]): Weight {
  const rank = permutation.length
  const dims = permutation.map((axis) => weight.dims[axis] as number)
  const strides = permutation.map(() => 1)
  for (let axis = rank - 2; axis >= 0; axis--) strides[axis] = (strides[axis + 1] as number) * (weight.dims[axis + 1] as number)
  const steps = permutation.map((axis) => strides[axis] as number)
  const data = new Float32Array(weight.data.length)
  const position = permutation.map(() => 0)
  for (let to = 0, from = 0; to < data.length; to++) {
    data[to] = weight.data[from] as number
    for (let axis = rank - 1; axis >= 0; axis--) {
      from += steps[axis] as number
      if (++(position[axis] as number) < (dims[axis] as number)) break
      from -= (steps[axis] as number) * (dims[axis] as number)
      position[axis] = 0
    }
  }
  return { data, dims }
}

export function reshaped(weight: Weight, dims: readonly number[]): Weight {
  return { data: weight.data, dims }
}

export function filled(size: number, value: number): Weight {
  return { data: new Float32Array(size).fill(value), dims: [size] }
}
