import { deserialize, serialize } from 'node:v8'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameReader, frameOf } from './frames.ts'
import { parseRequest, parseResponse } from './protocol.ts'

const values = [{ zero: -0, nan: NaN, infinity: -Infinity, bytes: Uint8Array.of(1, 2) }, 'text', null, { deep: [{ list: [1, 2, 3] }] }, new Uint8Array(10_000)]

/** The messages in these bytes, cut into pieces. */
function read(bytes: Uint8Array, cuts: readonly number[], maxBytes = 1 << 20): readonly unknown[] {
  const reader = new FrameReader(() => maxBytes)
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return edges.slice(1).flatMap((end, i) => [...reader.push(bytes.subarray(edges[i], end))])
}

describe('frames', () => {
  const whole = Buffer.concat(values.flatMap((value) => [...frameOf(value, 1 << 20)]))

  it('are put together however they were cut', () => {
    fc.assert(fc.property(fc.array(fc.nat(), { maxLength: 40 }), (cuts) => { expect(read(whole, cuts)).toEqual(values) }))
    expect(read(whole, Array.from({ length: whole.length }, (_, i) => i))).toEqual(values)
    expect(Object.is((read(whole, [3])[0] as { readonly zero: number }).zero, -0)).toBe(true)
  })

  it('are refused when they announce more than may cross, before it is kept', () => {
    expect(() => read(Buffer.from([255, 255, 255, 255]), [])).toThrow('4294967295 bytes')
    expect(() => frameOf(new Uint8Array(200), 100)).toThrow('maxMessageMb')
  })

  it('are refused when they are no clone', () => {
    expect(() => read(Buffer.from([3, 0, 0, 0, 1, 2, 3]), [])).toThrow('deserialize')
  })
})

describe('messages', () => {
  const error = { name: 'Error', message: 'no', stack: undefined, code: undefined, ours: false, thrown: false }
  const responses = [
    { type: 'report', run: 0, step: 1, metrics: [['loss', NaN]], checkpoint: true },
    { type: 'done', run: 0, result: { type: 'nothing' } },
    { type: 'done', run: 0, result: { type: 'number', value: 1 } },
    { type: 'done', run: 0, result: { type: 'metrics', metrics: [] } },
    { type: 'done', run: 0, result: { type: 'artifact', artifact: { index: 0, kind: 'onnx', meta: undefined } } },
    { type: 'failed', run: 0, error },
    { type: 'warn', run: 0, message: 'look' },
    { type: 'attribute', run: 0, id: 1, key: 'k', value: [1] },
    { type: 'answer', run: 0, id: 1, value: Uint8Array.of(1) },
    { type: 'answer', run: 0, id: 1, value: { index: 1, kind: 'x', meta: 1 } },
    { type: 'refused', run: 0, id: 1, error },
    { type: 'ended', run: 0 },
  ]
  const requests = [
    { type: 'begin', roots: ['/'], maxBytes: 1 },
    { type: 'run', run: 0, module: { url: 'file:///a.js', name: 'a' }, study: 'digits', number: 0, attempt: 1, params: {}, seed: 1, toStep: undefined, resumeFrom: { step: 1, bytes: Uint8Array.of(1) } },
    { type: 'next', run: 0 },
    { type: 'stop', run: 0 },
    { type: 'end', run: 0 },
    { type: 'abort', run: 0, reason: 'pruned' },
    { type: 'checkpoint', run: 0, id: 0 },
    { type: 'bytes', run: 0, id: 0, artifact: 0 },
    { type: 'as', run: 0, id: 0, artifact: 0, kind: 'onnx' },
    { type: 'kept', run: 0, id: 0, error: undefined },
    { type: 'close' },
  ]

  it('are taken in every form that the other side sends', () => {
    for (const message of responses) expect(parseResponse(deserialize(serialize(message))), message.type).toEqual(message)
    for (const message of requests) expect(parseRequest(deserialize(serialize(message))), message.type).toEqual(message)
  })

  it('are refused when a part is missing or of another kind', () => {
    for (const [messages, parse] of [[responses, parseResponse], [requests, parseRequest]] as const) {
      for (const message of messages) {
        for (const key of Object.keys(message)) {
          if ((message as { readonly [key: string]: unknown })[key] === undefined || (key === 'value' && message.type === 'attribute') || key === 'params') continue
          const { [key]: _, ...rest } = message as { readonly [key: string]: unknown }
          if (!(message.type === 'run' && (key === 'resumeFrom' || key === 'study'))) expect(parse(rest), `${message.type} without ${key}`).toBeUndefined()
          expect(parse({ ...message, [key]: Symbol.iterator }), `${message.type} with another ${key}`).toBeUndefined()
        }
      }
    }
  })

  it('are refused whatever else they are', () => {
    fc.assert(fc.property(fc.anything(), (message) => { expect([parseRequest(message), parseResponse(message)]).toEqual([undefined, undefined]) }))
    expect(parseResponse({ type: 'warn', run: 0, message: 'x'.repeat(100_001) })).toBeUndefined()
    expect(parseResponse({ type: 'report', run: 0, step: 1, metrics: Array.from({ length: 10_001 }, (_, i) => [String(i), i]), checkpoint: false })).toBeUndefined()
  })
})
