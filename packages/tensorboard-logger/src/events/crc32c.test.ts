import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32c, maskedCrc32c } from './crc32c.ts'

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

test.each([
  // RFC 3720, appendix B.4
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['ascending', Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
  ['descending', Uint8Array.from({ length: 32 }, (_, index) => 31 - index), 0x113fdb5c],
  // the check value of the polynomial in the catalogues of CRCs
  ['the digits', ascii('123456789'), 0xe3069283],
  ['nothing', new Uint8Array(), 0],
])('CRC-32C of %s', (_, bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected)
})

test('masked as TensorBoard 2.21.0 does it (pywrap_tensorflow.masked_crc32c)', () => {
  expect(maskedCrc32c(ascii('123456789'))).toBe(0xc78ab0e5)
  expect(maskedCrc32c(new Uint8Array())).toBe(0xa282ead8)
  expect(maskedCrc32c(Uint8Array.from([24, 0, 0, 0, 0, 0, 0, 0]))).toBe(0x224b7fa3)
})

test('the table gives what division bit by bit gives', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      let remainder = 0xffffffff
      for (const byte of bytes) {
        for (let bit = 0; bit < 8; bit++) {
          const carry = ((remainder ^ (byte >>> bit)) & 1) === 1
          remainder = carry ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1
        }
      }
      expect(crc32c(bytes)).toBe((remainder ^ 0xffffffff) >>> 0)
    }),
  )
})
