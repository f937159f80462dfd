import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fingerprintOf } from './fingerprint.ts'

describe('fingerprintOf', () => {
  it('is fixed for ever', () => {
    expect(['', 'a', 'abcdefgh', '{"x":1}'].map(fingerprintOf)).toMatchInlineSnapshot(`
      [
        "9c6ca96ae17eae66fc10ecd45256a7d8",
        "669eeeaba23c01767579fa70b51cc833",
        "9fb90cbd387a662205ea252441e8d92b",
        "fbc5ffed3621585a792f4a35378c255a",
      ]
    `)
  })

  it('differs for texts that differ, however little', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.nat(), fc.integer({ min: 1, max: 0xffff }), (text, at, flip) => {
      const changed = text === '' ? 'x' : Array.from({ length: text.length }, (_, i) => String.fromCharCode(text.charCodeAt(i) ^ (i === at % text.length ? flip : 0))).join('')
      expect(fingerprintOf(changed)).not.toBe(fingerprintOf(text))
      expect(fingerprintOf(`${text}\0`)).not.toBe(fingerprintOf(text))
    }))
  })

  it('spreads the change of one bit over half of the result', () => {
    const bits = (hex: string): string => Array.from(hex, (digit) => parseInt(digit, 16).toString(2).padStart(4, '0')).join('')
    const [a, b] = [bits(fingerprintOf('learningRate 0.1')), bits(fingerprintOf('learningRate 0.3'))]
    const changed = Array.from(a).filter((bit, i) => bit !== b[i]).length
    expect(changed).toBeGreaterThan(40)
    expect(changed).toBeLessThan(88)
  })
})
