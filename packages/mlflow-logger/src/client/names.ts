import { createHash } from 'node:crypto'

/** MLflow keeps no name of a metric, parameter or tag that is longer. */
export const maxKeyLength = 250

/**
 * Characters that every server takes: those of MLflow, without the colon (refused before 2.17 and on Windows), without letters outside the
 * basic plane, and without letters that came after Unicode 12.1, which the Python of a server may not know.
 */
const taken = /^[\p{L}\p{N}_./ -]$/u
const recent = /[\u{870}-\u{88F}\u{8B5}\u{8BE}-\u{8C9}\u{C5C}\u{C5D}\u{CDC}\u{CDD}\u{D04}\u{170D}\u{171F}\u{1B4C}\u{1C89}\u{1C8A}\u{2C2F}\u{2C5F}\u{31BB}-\u{31BF}\u{4DB6}-\u{4DBF}\u{9FF0}-\u{9FFF}\u{A7C0}\u{A7C1}\u{A7C7}-\u{A7DC}\u{A7F1}-\u{A7F6}\u{AB68}\u{AB69}\u{10000}-\u{10FFFF}]/u
const shortened = /^.{215}_h[0-9a-f]{32}_$/su

/**
 * The name under which MLflow keeps a metric, parameter or tag. What every server takes stays as it is. Any other character becomes `_x` +
 * its code point in hexadecimal + `_` (`loss(val)` is `loss_x28_val_x29_`), and so do slashes and dots that MLflow refuses as parts of a
 * path (at the ends, doubled, `.` and `..`), spaces at the ends, and the underscore of a name that looks like such a code already. What is longer than
 * 250 characters then is cut at 215, and ends with `_h` + 128 bits of the SHA-256 of the name + `_`. Two names never share one that is stored.
 */
export function encodeKey(name: string): string {
  const characters = Array.from(name)
  const hidden = characters.map((character) => !taken.test(character) || recent.test(character))
  hidePath(characters, hidden)
  characters.forEach((character, index) => {
    if (character === '_' && looksLikeCode(characters, hidden, index)) hidden[index] = true
  })
  const encoded = characters.map((character, index) => (hidden[index] === true ? `_x${character.codePointAt(0)!.toString(16)}_` : character)).join('')
  if (encoded.length <= maxKeyLength && !shortened.test(encoded)) return encoded
  // As UTF-16, so that names that differ in halves of surrogate pairs differ here too.
  const hash = createHash('sha256').update(Buffer.from(name, 'utf16le')).digest('hex').slice(0, 32)
  return `${encoded.slice(0, 215)}_h${hash}_`
}

/** The name that `encodeKey` was given; undefined for one that it had to cut. Names that others stored come back as they are, unless they hold a code (`_x28_`). */
export function decodeKey(stored: string): string | undefined {
  if (shortened.test(stored)) return undefined
  return stored.replace(/_x([0-9a-f]{1,6})_/g, (code, digits: string) => {
    const point = Number.parseInt(digits, 16)
    return point > 0x10ffff ? code : String.fromCodePoint(point)
  })
}

/** Python's `posixpath.normpath` has to leave the name as it is, and it must not begin with `..`; MySQL sees no difference in spaces at the end. */
function hidePath(characters: readonly string[], hidden: boolean[]): void {
  const last = characters.length - 1
  for (let index = 0; index <= last; index++) {
    const character = characters[index]
    if (character === ' ' && (index === 0 || index === last)) hidden[index] = true
    if (character === '/' && (index === 0 || index === last || characters[index - 1] === '/')) hidden[index] = true
    const startsPart = index === 0 || characters[index - 1] === '/'
    if (character !== '.' || !startsPart) continue
    const dots = characters[index + 1] === '.' ? 2 : 1
    const after = characters[index + dots]
    if (after === undefined || after === '/' || (index === 0 && dots === 2)) hidden[index] = true
  }
}

/** Whether `_` at an index would be read as the start of a code: `_x`, hexadecimal digits, and an underscore or a character that will begin with one. */
function looksLikeCode(characters: readonly string[], hidden: readonly boolean[], index: number): boolean {
  if (characters[index + 1] !== 'x') return false
  let end = index + 2
  while (/^[0-9a-f]$/.test(characters[end] ?? '')) end++
  return end > index + 2 && (characters[end] === '_' || hidden[end] === true)
}
