import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from './contracts/values.ts'
import { decodeJson, encodeJson } from './json.ts'

const numbers = fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, -0, 0, 5e-324, Number.MAX_VALUE))
const keys = fc.oneof(fc.string(), fc.constantFrom('$number', '$', '$$number', 'a')).filter((key) => key !== '__proto__')
const json = fc.letrec<{ readonly value: Json }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, fc.string(), numbers, fc.boolean(), fc.constant(null), fc.array(tie('value'), { maxLength: 4 }), fc.dictionary(keys, tie('value'), { maxKeys: 4, noNullPrototype: true })),
})).value

describe('encodeJson and decodeJson', () => {
  it('keep every value exactly, non-finite numbers and negative zero included', () => {
    fc.assert(fc.property(json, (value) => {
      expect(decodeJson(encodeJson(value))).toStrictEqual(value)
    }))
  })

  it('write plain JSON where JSON suffices', () => {
    expect(encodeJson({ a: [1, 'x', null] })).toBe('{"a":[1,"x",null]}')
    expect(encodeJson({ loss: NaN, $number: 'NaN' })).toBe('{"loss":{"$number":"NaN"},"$$number":"NaN"}')
  })

  it('refuse text that was never written', () => {
    expect(() => decodeJson('{"a":')).toThrow(/Expected JSON, got "{"a":"/)
    expect(() => decodeJson('{"__proto__":{"x":1}}')).toThrow(/__proto__/)
  })
})
