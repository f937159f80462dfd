import { expect, test } from 'vitest'
import { encodeEvent } from './event-codec.ts'
import type { SummaryValue } from './event.ts'
import { encodePng, pngImage } from './image.ts'

const invalid = expect.objectContaining({ code: 'TENSORBOARD_INVALID' })

test('values that TensorBoard could not read are refused', () => {
  const png = encodePng(Uint8Array.of(1, 2), [1, 2])
  const encode = (value: SummaryValue): unknown => encodeEvent({ kind: 'summary', step: 0, time: 0, values: [value] })
  for (const buckets of [[{ from: 1, to: 0, count: 1 }], [{ from: 0, to: 1, count: -1 }], [{ from: 0, to: Infinity, count: 1 }], [{ from: 0, to: 1, count: Number.NaN }], [{ from: 0, to: 2, count: 1 }, { from: 1, to: 3, count: 1 }]]) {
    expect(() => encode({ kind: 'histogram', tag: 'x', buckets })).toThrow(invalid)
  }
  expect(() => encode({ kind: 'image', tag: 'x', width: 0, height: 1, images: [png] })).toThrow(invalid)
  expect(() => encode({ kind: 'image', tag: 'x', width: 1, height: 1, images: [] })).toThrow(invalid)
  expect(() => encode({ kind: 'tensor', tag: 'x', plugin: 'p', shape: [3], tensor: { type: 'float32', data: Float32Array.of(1) } })).toThrow(invalid)
  expect(() => encode({ kind: 'tensor', tag: 'x', plugin: 'p', shape: [-1], tensor: { type: 'float32', data: new Float32Array() } })).toThrow(invalid)
  expect(() => encode({ kind: 'experiment', hparams: [{ name: 'n', type: 'number', domain: { values: ['a'] } }], metrics: [] })).toThrow(invalid)
  expect(() => encode({ kind: 'experiment', hparams: [{ name: 'n', type: 'number', domain: { min: 0, max: Infinity } }], metrics: [] })).toThrow(invalid)
})

test('pixels and files that are no image are refused', () => {
  const png = encodePng(new Uint8Array(2), [1, 2])
  for (const shape of [[2], [1, 2, 5], [1, 1, 1, 2], [0, 2], [1, 1.5], [2, 2], [1, 2, 3]]) expect(() => encodePng(new Uint8Array(2), shape)).toThrow(invalid)
  expect(() => pngImage('x', Uint8Array.of(1, 2, 3))).toThrow(/no PNG file/)
  expect(() => pngImage('x', new Uint8Array(100))).toThrow(/no PNG file/)
  expect(() => pngImage('x', png, encodePng(new Uint8Array(2), [2, 1]))).toThrow(/differ in size: 2 × 1 and 1 × 2/)
  expect(pngImage('x', png)).toMatchObject({ kind: 'image', width: 2, height: 1 })
})
