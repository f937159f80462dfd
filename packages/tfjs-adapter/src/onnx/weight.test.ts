import fc from 'fast-check'
import { expect, it } from 'vitest'
import { transposed } from './weight.ts'

const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 0, maxLength: 4 }).chain((dims) => fc.tuple(fc.constant([...dims, ...(dims.length > 0 ? [17] : [])]), fc.shuffledSubarray([...dims.keys(), ...(dims.length > 0 ? [dims.length] : [])], { minLength: dims.length + (dims.length > 0 ? 1 : 0) })))

it('puts every element where its axes say', () => {
  fc.assert(fc.property(shapes, ([dims, permutation]) => {
    const size = dims.reduce((product, length) => product * length, 1)
    const weight = { data: Float32Array.from({ length: size }, (_, index) => index), dims }
    const result = transposed(weight, permutation)
    expect(result.dims).toEqual(permutation.map((axis) => dims[axis]))
    // One element after the other, by its position on each axis.
    const offset = (sizes: readonly number[], position: readonly number[]): number => sizes.reduce((sum, length, axis) => sum * length + position[axis]!, 0)
    const expected = new Float32Array(size)
    for (let index = 0; index < size; index++) {
      let rest = index
      const position = dims.map(() => 0)
      for (let axis = dims.length - 1; axis >= 0; axis--) {
        position[axis] = rest % dims[axis]!
        rest = Math.floor(rest / dims[axis]!)
      }
      expected[offset(result.dims, permutation.map((axis) => position[axis]!))] = index
    }
    expect(result.data).toEqual(expected)
  }))
  expect(transposed({ data: new Float32Array(0), dims: [0, 3] }, [1, 0])).toEqual({ data: new Float32Array(0), dims: [3, 0] })
})
