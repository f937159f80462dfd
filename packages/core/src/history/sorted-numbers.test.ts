import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SortedNumbers } from './sorted-numbers.ts'

test('is a set whose members are read in ascending order, in the same array until it changes', () => {
  fc.assert(fc.property(fc.array(fc.record({ number: fc.nat(12), add: fc.boolean() })), (changes) => {
    const numbers = new SortedNumbers()
    const expected = new Set<number>()
    for (const { number, add } of changes) {
      const before = numbers.sorted()
      const changed = add !== expected.has(number)
      if (add) {
        numbers.add(number)
        expected.add(number)
      } else {
        numbers.delete(number)
        expected.delete(number)
      }
      expect(numbers.sorted()).toEqual([...expected].sort((a, b) => a - b))
      if (!changed) expect(numbers.sorted()).toBe(before)
      expect(numbers.sorted()).toBe(numbers.sorted())
    }
  }))
})
