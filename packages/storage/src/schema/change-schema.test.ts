import type { ChangeBody, Operation } from '@attune/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SqliteStorage } from '../sqlite-storage.ts'
import { decodeChange, decodeDefinition, encodeChange, largestRecord } from './change-schema.ts'

const definition = { name: 'digits', space: null, fingerprint: null, objectives: [], constraints: [], metrics: null, seed: 1 } as const

describe('a stored change', () => {
  it('may have members that a later release adds', () => {
    const body = { type: 'pause', number: 1, why: 'later' } as unknown as ChangeBody
    expect(decodeChange(encodeChange(body))).toEqual(body)
  })

  it.each([
    ['no JSON', '{"type":', /damaged/],
    ['no object', '[1]', /change\.type: expected one of create, assign/],
    ['another type', '{"type":"explode"}', /expected one of create/],
    ['the name of a method as a type', '{"type":"toString"}', /expected one of create/],
    ['no number', '{"type":"pause"}', /change\.number: expected a whole number/],
    ['half a number', '{"type":"pause","number":0.5}', /change\.number/],
    ['a negative number', '{"type":"pause","number":-1}', /change\.number/],
    ['a metric that is a text', '{"type":"report","number":0,"step":1,"metrics":{"loss":"1"}}', /change\.metrics\.loss: expected a number/],
    ['a parameter that is a list', '{"type":"assign","number":0,"params":{"x":[1]}}', /change\.params\.x: expected a text, number, boolean or null/],
    ['an outcome of no kind', '{"type":"finish","number":0,"outcome":{"state":"done"}}', /change\.outcome\.state: expected one of complete, pruned, failed/],
    ['a failure without its reason', '{"type":"finish","number":0,"outcome":{"state":"failed","failure":{"message":"x"}}}', /failure\.reason/],
    ['a list with a wrong item', '{"type":"create","number":0,"origin":"sampler","suggestion":{"sampler":"s@1","revision":0,"running":[1,"2"]}}', /suggestion\.running\[1\]/],
    ['a key that names a prototype', '{"type":"attribute","key":"k","value":{"__proto__":1}}', /__proto__/],
  ])('is refused with %s', (_what, text, message) => {
    expect(() => decodeChange(text)).toThrow(expect.objectContaining({ code: 'MALFORMED_DATA', message: expect.stringMatching(message) }))
  })

  it('is refused when it is too large to be anything but an attack or a mistake', () => {
    expect(() => decodeChange(`"${'x'.repeat(largestRecord)}"`)).toThrow(/keep large data as an artefact/)
  })

  it.each([['{"name":"x"}', /definition\.space/], ['{"name":"x","space":null,"fingerprint":null,"objectives":[{"metric":"loss"}],"constraints":[],"metrics":null,"seed":1}', /objectives\[0\]\.direction/]])(
    'is refused as a definition: %s',
    (text, message) => {
      expect(() => decodeDefinition(text)).toThrow(message)
    },
  )
})

describe('a write of what cannot be read back', () => {
  const bad: readonly (readonly [what: string, operation: unknown, message: RegExp])[] = [
    ['a metric that is a text', { type: 'create', origin: 'added', outcome: { state: 'complete', metrics: { loss: 'low' } } }, /metrics\.loss/],
    ['a number that JSON has not', { type: 'attribute', key: 'k', value: 10n }, /cannot be stored as JSON/],
    ['a circle', { type: 'attribute', key: 'k', value: circle() }, /cannot be stored as JSON/],
    ['no value', { type: 'attribute', key: 'k' }, /change\.value: expected a value/],
    ['a prototype', { type: 'attribute', key: 'k', value: JSON.parse('{"__proto__": 1}') }, /__proto__/],
    ['far too much', { type: 'attribute', key: 'k', value: 'x'.repeat(largestRecord) }, /artefact/],
  ]
  it.each(bad)('is refused: %s', async (_what, operation, message) => {
    const storage = new SqliteStorage(':memory:')
    onTestFinished(() => storage.close())
    const id = (await storage.createStudy(definition, 'r'))?.id ?? ''
    const request = { id: 'bad', operations: [{ type: 'create', origin: 'sampler' }, operation as Operation] as const }
    await expect(storage.write(id, request)).rejects.toMatchObject({ code: 'MALFORMED_DATA', message: expect.stringMatching(message) })
    expect(await storage.changesSince(id, 0)).toEqual([])
    expect((await storage.findStudy('digits'))?.counts.waiting).toBe(0)
  })

  it('is refused: half a character in a name', async () => {
    const storage = new SqliteStorage(':memory:')
    onTestFinished(() => storage.close())
    await expect(storage.createStudy({ ...definition, name: 'a\ud800' }, 'r')).rejects.toMatchObject({ code: 'MALFORMED_DATA', message: expect.stringMatching(/half a character/) })
  })

  it.each([[-1, 10], [0.5, 10], [NaN, 10], [0, 0], [0, -1], [0, 1.5]])('is refused: a page after %s of %s changes', async (revision, limit) => {
    const storage = new SqliteStorage(':memory:')
    onTestFinished(() => storage.close())
    const id = (await storage.createStudy(definition, 'r'))?.id ?? ''
    await expect(storage.changesSince(id, revision, limit)).rejects.toMatchObject({ code: 'STORAGE_ARGUMENT' })
  })
})

function circle(): unknown {
  const value: { self?: unknown } = {}
  value.self = value
  return value
}
