import { threefry4x32 } from '../random/threefry.ts'

/**
 * A 128-bit fingerprint of a text, in hexadecimal: Threefry-4x32 in the construction of Matyas, Meyer and Oseas
 * (the text is the plain text, the state so far the key), closed by a block with the length. It tells definitions apart; it guards nothing.
 */
export function fingerprintOf(text: string): string {
  const state = new Uint32Array(4)
  const block = new Uint32Array(4)
  const cipher = new Uint32Array(4)
  const absorb = (): void => {
    threefry4x32(state, block, cipher)
    for (let i = 0; i < 4; i++) state[i] = cipher[i]! ^ block[i]!
    block.fill(0)
  }
  for (let i = 0; i < text.length; i++) {
    // Eight UTF-16 units a block, two in a word.
    block[(i >> 1) & 3]! |= text.charCodeAt(i) << ((i & 1) * 16)
    if ((i & 7) === 7) absorb()
  }
  if ((text.length & 7) !== 0) absorb()
  block[0] = text.length
  absorb()
  return Array.from(state, (word) => word.toString(16).padStart(8, '0')).join('')
}
