/** A weight with its values on the JavaScript side. They are those of the tensor: not to be written to. */
export interface Weight {
  readonly data: Float32Array
  readonly dims: readonly number[]
}

/** How many neighbours are moved at once: those of one cache line. */
const BLOCK = 16

/** The weight with its axes in another order: the i-th new one is the old `permutation[i]`. */
export function transposed(weight: Weight, permutation: readonly number[]): Weight {
  const dims = permutation.map((axis) => weight.dims[axis] as number)
  const data = new Float32Array(weight.data.length)
  if (data.length === 0 || permutation.length === 0) return { data: weight.data, dims }
  const oldSteps = stepsOf(weight.dims)
  const newSteps = stepsOf(dims)
  // Neighbours of old are read together; all other axes are walked in the new order.
  const last = permutation.length - 1
  const along = weight.dims[last] as number
  const apart = newSteps[permutation.indexOf(last)] as number
  const others = permutation.flatMap((axis, place) => (axis === last ? [] : [{ size: dims[place] as number, from: oldSteps[axis] as number, to: newSteps[place] as number, at: 0 }]))
  for (let start = 0; start < along; start += BLOCK) {
    const end = Math.min(start + BLOCK, along)
    let from = 0
    let to = 0
    for (let place = others.length; place >= 0;) {
      for (let index = start; index < end; index++) data[to + index * apart] = weight.data[from + index] as number
      for (place = others.length - 1; place >= 0; place--) {
        const axis = others[place] as (typeof others)[number]
        from += axis.from
        to += axis.to
        if (++axis.at < axis.size) break
        axis.at = 0
        from -= axis.from * axis.size
        to -= axis.to * axis.size
      }
    }
  }
  return { data, dims }
}

/** How far apart neighbours along each axis are. */
function stepsOf(dims: readonly number[]): readonly number[] {
  const steps = dims.map(() => 1)
  for (let axis = dims.length - 2; axis >= 0; axis--) steps[axis] = (steps[axis + 1] as number) * (dims[axis + 1] as number)
  return steps
}

export function reshaped(weight: Weight, dims: readonly number[]): Weight {
  return { data: weight.data, dims }
}

export function filled(size: number, value: number): Weight {
  return { data: new Float32Array(size).fill(value), dims: [size] }
}
