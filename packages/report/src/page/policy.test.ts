import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { scriptHash, styleHash } from './policy.ts'
import { script } from './script.ts'
import { style } from './style.ts'

const hash = (text: string): string => createHash('sha256').update(text).digest('base64')

it('the policy allows exactly this style and this script', () => {
  expect({ styleHash, scriptHash }, 'copy these into policy.ts').toEqual({ styleHash: hash(style), scriptHash: hash(script) })
})

it('style and script cannot end their elements', () => {
  for (const text of [style, script]) expect(text).not.toMatch(/<\/|<!--/)
})
