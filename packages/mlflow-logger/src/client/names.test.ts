import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeKey, encodeKey } from './names.ts'

/** As MLflow has it, from 1.27 on: `re.match(r"^[/\w.\- ]*$")` and `posixpath.normpath(name) == name`. */
function accepts(name: string): boolean {
  if (name === '' || name.length > 250 || !/^[/\p{L}\p{N}_.\- ]*$/u.test(name)) return false
  if (name.startsWith('/') || name.startsWith('..') || name === '.') return false
  return name.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
}

describe('names of metrics, parameters and tags', () => {
  it.each(['loss', 'val/loss', 'mlflow.note.content', 'learning rate', 'größe', '損失', 'a-b_c.d', 'grad_x', 'layer_x1/weight', 'layer_xab', '_x_', 'a...b', 'a/...', 'a/..b', 'optimizer.learningRate', '..'.slice(1) + 'hidden'])('leaves %j as it is', (name) => {
    expect(encodeKey(name)).toBe(name)
    expect(decodeKey(name)).toBe(name)
  })

  it.each([
    ['loss(val)', 'loss_x28_val_x29_'],
    ['a:b', 'a_x3a_b'],
    ['🎉', '_x1f389_'],
    ['/a//b/', '_x2f_a/_x2f_b_x2f_'],
    ['.', '_x2e_'],
    ['..', '_x2e_.'],
    ['a/./b', 'a/_x2e_/b'],
    ['a/..', 'a/_x2e_.'],
    ['..a', '_x2e_.a'],
    [' a ', '_x20_a_x20_'],
    ['a\n', 'a_xa_'],
    ['_x28_', '_x5f_x28_'],
    ['_xab(', '_x5f_xab_x28_'],
    ['\ud800', '_xd800_'],
  ])('keeps %j as %j', (name, stored) => {
    expect(encodeKey(name)).toBe(stored)
    expect(decodeKey(stored)).toBe(name)
  })

  it('cuts long names, and hashes the whole', () => {
    const long = 'k'.repeat(251)
    expect(encodeKey('k'.repeat(250))).toBe('k'.repeat(250))
    expect(encodeKey(long)).toMatch(/^k{215}_h[0-9a-f]{32}_$/)
    expect(decodeKey(encodeKey(long))).toBeUndefined()
    expect(encodeKey(`${long}a`)).not.toBe(encodeKey(`${long}b`))
    // A name that looks like a cut one is cut itself, so the two do not meet.
    expect(encodeKey(encodeKey(long))).not.toBe(encodeKey(long))
  })

  it('gives any name one that MLflow takes, that no other name has, and that leads back', () => {
    const piece = fc.oneof(fc.constantFrom('_', 'x', '_x', '_x2', 'f', '28', '/', '.', '..', ' ', '(', ':', '_h', '0'), fc.string({ unit: 'grapheme', maxLength: 2 }), fc.constantFrom('\ud800', '\udc00', '\0'))
    const name = fc.array(piece, { minLength: 1, maxLength: 12 }).map((parts) => parts.join('')).filter((text) => text !== '')
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(accepts(encodeKey(a))).toBe(true)
        expect(decodeKey(encodeKey(a))).toBe(a)
        expect(encodeKey(a) === encodeKey(b)).toBe(a === b)
      }),
      { numRuns: 5000 },
    )
  })
})
