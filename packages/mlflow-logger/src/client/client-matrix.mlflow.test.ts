// Every awkward number, text and name, written by our client, and read back by it and by MLflow's own client for Python: what differs from what was given is in the answer of `log`, and nothing else differs.
import { spawnSync } from 'node:child_process'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { ensurePython } from '../../../../tools/python/ensure.mjs'
import { missingMlflow } from '../../../../tools/python/mlflow.mjs'
import { all, codeOf, fresh } from './client-contract.test-support.ts'
import { mlflowClient } from './client.ts'
import { decodeKey, encodeKey } from './names.ts'
import type { Alteration, MetricPoint, MlflowClient, Texts } from './types.ts'

const url = inject('mlflow')

/** A run as Python's MlflowClient reads it; numbers as their 16 hexadecimal digits, so that nothing rounds them on the way. */
interface PythonRun {
  readonly metrics: { readonly [key: string]: readonly { readonly bits: string; readonly step: string; readonly timestamp: string }[] }
  readonly params: { readonly [key: string]: string }
  readonly tags: { readonly [key: string]: string }
}

const program = `
import json, os, struct, sys
from mlflow import MlflowClient
client = MlflowClient(tracking_uri=sys.argv[1])
run = client.get_run(sys.argv[2])
bits = lambda value: struct.pack('>d', value).hex()
history = lambda key: [{'bits': bits(m.value), 'step': str(m.step), 'timestamp': str(m.timestamp)} for m in client.get_metric_history(sys.argv[2], key)]
print(json.dumps({'metrics': {key: history(key) for key in run.data.metrics}, 'params': run.data.params, 'tags': run.data.tags}))
`

function readByPython(runId: string): PythonRun {
  const env = { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true', GIT_PYTHON_REFRESH: 'quiet', PYTHONIOENCODING: 'utf-8' }
  const result = spawnSync(ensurePython().python!, ['-c', program, url!, runId], { encoding: 'utf8', env, maxBuffer: 2 ** 28 })
  if (result.status !== 0) throw new Error(`Python failed: ${result.stderr}`)
  return JSON.parse(result.stdout) as PythonRun
}

function bits(value: number): string {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return bytes.toString('hex')
}

const numbers = [
  0, -0, 1, -1, 0.1, 1 / 3, 2 ** 31, 2 ** 53, -(2 ** 53), 2 ** 53 + 2, 2 ** 63, 1e21, 1e-7, 123456789.123456789, Math.PI, Number.EPSILON, 1e308, -1e308, Number.MAX_VALUE, -Number.MAX_VALUE,
  Number.MIN_VALUE, -Number.MIN_VALUE, 2.2250738585072014e-308, 2.225073858507201e-308, 1.5e-310, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 1.7976931348623155e308, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY,
]
const steps = [0, 1, -1, -1000, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]

const strange = ['', ' ', 'a', 'null', 'NaN', '{"a":[1]}', "it's", '"', '\\', '%s %00 &amp; <b>', '\n', '\r\n', '\t', 'a\0b', '\u0001\u001f\u007f\u0085\u2028\u2029\uFEFF', ' ends ', 'é', 'e\u0301', 'ß', 'ﷺ', 'שלום', '𝒳', '🎉', '👩‍👩‍👧‍👦', '\u{10FFFF}', '\u{E0001}', '\uFFFD', '\uFFFF', '\ud800', 'a\udc00b', '\udc00\ud800', 'x'.repeat(6000), 'y'.repeat(6001), '漢'.repeat(6000), 'z'.repeat(8000), '🎉'.repeat(4000), 'w'.repeat(8001), 'v'.repeat(10_000), '🎉'.repeat(5000)]
/** A character of each plane, of each block's first code point. */
const planes = Array.from({ length: 17 }, (_, plane) => String.fromCodePoint(plane * 0x10000 + 0x41))

const printable = Array.from({ length: 0x5f }, (_, index) => String.fromCharCode(0x20 + index))
const names = [
  ...printable, ...printable.map((character) => `a${character}b`), ...planes.map((character) => `plane ${character}`), ...Array.from({ length: 32 }, (_, code) => `control${String.fromCharCode(code)}`), '\u007f', '\u0085', '\u00a0', 'a\u2028b',
  'loss(val)', 'loss[val]', 'loss{val}', 'a:b', 'a b', 'a  b', 'a\nb', 'größe', 'é', 'e\u0301', 'ﬁ', '損失', 'потеря', '٣', 'Ⅷ', '½', 'ࡰ', 'ೝ', '𝒳', '🎉', '👩‍👩‍👧', '\ud800', '\udc00', '\ud800x', 'a/b', '/a', 'a/', 'a//b', 'a/./b', 'a/../b', '.', '..', '...', '.a', '..a', 'a..', 'a/..b', './a', '../a', ' a', 'a ', '_', '__', '_x', '_x_', '_x28_', '_x5f_x28_', '_xab(', '_x(', 'a_x2', 'grad_xa',
  'k'.repeat(249), 'k'.repeat(250), 'k'.repeat(251), `${'k'.repeat(250)}a`, `${'k'.repeat(250)}b`, `${'k'.repeat(249)}(`, `${'k'.repeat(249)})`, 'ü'.repeat(250), 'ü'.repeat(251), '🎉'.repeat(30), '🎉'.repeat(60), 'k'.repeat(10_000), encodeKey('k'.repeat(251)),
  'mlflow.user.x', 'system/cpu', 'A', 'constructor', 'toString', 'hasOwnProperty', '__proto__', 'prototype',
]

describe.skipIf(url === undefined)(`every value and name${missingMlflow === undefined ? '' : ` (skipped: ${missingMlflow})`}`, () => {
  let client: MlflowClient
  let experimentId: string
  beforeAll(async () => {
    client = mlflowClient({ trackingUri: url! })
    experimentId = (await client.experiments.create({ name: fresh('matrix') })).experimentId
  })
  afterAll(async () => await client?.close())

  it('numbers come back to the last bit, and those that do not are told', async () => {
    const { runId } = await client.runs.create({ experimentId })
    const given: MetricPoint[] = numbers.map((value, index) => ({ key: `n${index}`, value, step: index, timestamp: 1_700_000_000_000 + index }))
    steps.forEach((step, index) => given.push({ key: 'steps', value: index, step, timestamp: index }))
    const alterations = await client.runs.log(runId, { metrics: given })
    const told = new Map(alterations.map((alteration) => [alteration.key, alteration]))
    expect(new Set(alterations.map(({ what }) => what))).toEqual(new Set(['approximated']))
    const python = readByPython(runId)
    for (const [index, value] of numbers.entries()) {
      const [point, ...more] = await all(client.runs.metricHistory(runId, `n${index}`))
      expect(more).toEqual([])
      expect(point).toMatchObject({ step: index, timestamp: 1_700_000_000_000 + index })
      const alteration = told.get(`n${index}`)
      if (alteration === undefined) {
        expect(bits(point!.value)).toBe(bits(value))
      } else {
        // What the answer says is all of it.
        expect(Object.is(Number(alteration.value), value)).toBe(true)
        expect(point!.value).toBe(value === 0 ? 0 : Math.sign(value) * Number.MAX_VALUE)
      }
      expect(python.metrics[`n${index}`]).toEqual([{ bits: bits(point!.value), step: String(index), timestamp: String(1_700_000_000_000 + index) }])
    }
    expect(numbers.filter((_, index) => told.has(`n${index}`))).toEqual([-0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
    expect((await all(client.runs.metricHistory(runId, 'steps'))).map(({ step }) => step)).toEqual(steps)
    expect(python.metrics['steps']?.map(({ step }) => Number(step))).toEqual(steps)
  })

  it('texts come back as they were, and those that do not are told with all of them', async () => {
    const { runId } = await client.runs.create({ experimentId })
    const values = [...strange, ...planes, planes.join('')]
    const texts: Texts = { ...Object.fromEntries(values.map((value, index) => [`v${index}`, value])), number: 0.1, negative: -0, nan: Number.NaN, infinite: Number.NEGATIVE_INFINITY, small: 5e-324, yes: true }
    const given = new Map(Object.entries(texts).map(([key, value]) => [key, Object.is(value, -0) ? '-0' : String(value)]))
    const alterations = await client.runs.log(runId, { params: texts, tags: texts })
    const python = readByPython(runId)
    const run = await client.runs.get(runId)
    for (const kind of ['param', 'tag'] as const) {
      const stored = run[`${kind}s`]
      expect({ ...python[`${kind}s`] }).toEqual({ ...stored })
      const told = new Map<string, Alteration[]>()
      for (const alteration of alterations) if (alteration.kind === kind) told.set(alteration.key, [...(told.get(alteration.key) ?? []), alteration])
      for (const [key, value] of given) {
        const own = told.get(key) ?? []
        expect(stored[key] === value).toBe(own.length === 0)
        for (const alteration of own) expect(alteration.value).toBe(value)
      }
      const limit = kind === 'param' ? 6000 : 8000
      const expected = values.flatMap((value, index) => [...(value.isWellFormed() && !value.includes('\0') ? [] : [`v${index} replaced`]), ...(value.length > limit ? [`v${index} truncated`] : [])])
      expect(alterations.filter((alteration) => alteration.kind === kind).map(({ key, what }) => `${key} ${what}`)).toEqual(expected)
    }
  })

  it('names lead back to what was given, no two share one, and those that are changed are told', async () => {
    const unique = [...new Set(names)]
    const { runId } = await client.runs.create({ experimentId })
    const texts = Object.create(null) as { [key: string]: string }
    unique.forEach((name, index) => (texts[name] = String(index)))
    const alterations = await client.runs.log(runId, { metrics: unique.map((key, index) => ({ key, value: index, timestamp: 1 })), params: texts, tags: texts })
    const run = await client.runs.get(runId)
    const python = readByPython(runId)
    for (const kind of ['metric', 'param', 'tag'] as const) {
      const changed = new Map(alterations.filter((alteration) => alteration.kind === kind).map(({ key, storedKey }) => [key, storedKey]))
      const storedNames = new Set(unique.map((name) => changed.get(name) ?? name))
      expect(storedNames.size).toBe(unique.length)
      for (const [index, name] of unique.entries()) {
        const stored = changed.get(name) ?? name
        expect(stored).toBe(encodeKey(name))
        const value = kind === 'metric' ? run.metrics[stored]?.value : run[`${kind}s`][stored]
        expect(String(value)).toBe(String(index))
        expect(decodeKey(stored)).toBe(/_h[0-9a-f]{32}_$/.test(stored) ? undefined : name)
        if (kind === 'metric') expect(python.metrics[stored]?.[0]?.bits).toBe(bits(index))
        else expect(python[`${kind}s`][stored]).toBe(String(index))
      }
    }
    // Each is found under the name that it was given, and under the one that answers have.
    for (const name of ['loss(val)', 'a:b', '🎉', '..', ' a', 'k'.repeat(251), 'größe']) {
      for (const key of [name, encodeKey(name)]) expect(await all(client.runs.metricHistory(runId, key))).toMatchObject([{ value: unique.indexOf(name) }])
    }
  })

  it('whatever is drawn at random is stored as it was given, or told', async () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.string({ unit: 'grapheme', maxLength: 300 }), fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units)), fc.string({ unit: 'grapheme', minLength: 200, maxLength: 9000 }))
    const name = text.filter((key) => key !== '')
    const batch = fc.record({ params: fc.dictionary(name, text, { minKeys: 1, maxKeys: 40 }), metrics: fc.array(fc.record({ key: name, value: fc.double(), step: fc.maxSafeInteger(), timestamp: fc.maxSafeNat() }), { minLength: 1, maxLength: 40 }) })
    await fc.assert(
      fc.asyncProperty(batch, async ({ params, metrics }) => {
        const { runId } = await client.runs.create({ experimentId })
        const alterations = await client.runs.log(runId, { params, tags: params, metrics })
        const run = await client.runs.get(runId)
        const told = (kind: string, key: string, what: string) => alterations.find((alteration) => alteration.kind === kind && alteration.key === key && alteration.what === what)
        for (const kind of ['param', 'tag'] as const) {
          for (const [key, value] of Object.entries(params)) {
            const stored = run[`${kind}s`][told(kind, key, 'renamed')?.storedKey ?? key]
            expect(stored).toBeTypeOf('string')
            const change = told(kind, key, 'truncated') ?? told(kind, key, 'replaced')
            expect([stored === value, change?.value ?? value]).toEqual([change === undefined, value])
          }
        }
        for (const { key, value, step, timestamp } of metrics) {
          const history = await all(client.runs.metricHistory(runId, key))
          const change = alterations.find((alteration) => alteration.what === 'approximated' && alteration.key === key && alteration.step === step && Object.is(Number(alteration.value), value))
          const kept = change === undefined ? value : value === 0 ? 0 : Math.sign(value) * Number.MAX_VALUE
          expect(history.some((point) => Object.is(point.value, kept) && point.step === step && point.timestamp === timestamp)).toBe(true)
        }
      }),
      { numRuns: 15 },
    )
  })

  it('broken twin: without our checks, the server answers 200 to a wrong type, and loses what follows', async () => {
    const { runId } = await client.runs.create({ experimentId })
    const metrics = [{ key: 'before', value: 1, timestamp: 1 }, { key: 'wrong', value: 1, timestamp: 1, step: 1.5 }, { key: 'after', value: 1, timestamp: 1 }]
    const body = JSON.stringify({ run_id: runId, metrics, tags: [{ key: 'tag', value: 'x' }] })
    const answer = await fetch(`${url}/api/2.0/mlflow/runs/log-batch`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    expect(answer.status).toBe(200)
    const damaged = await client.runs.get(runId)
    expect(Object.keys(damaged.metrics)).not.toContain('after')
    expect(damaged.tags).not.toHaveProperty('tag')
    expect(await codeOf(client.runs.log(runId, { metrics, tags: { tag: 'x' } }))).toBe('MLFLOW_INVALID')
  })

  it('names that others gave are found too', async () => {
    const { runId } = await client.runs.create({ experimentId })
    const point = { key: 'train:loss', value: 1, timestamp: 1, step: 0 }
    await fetch(`${url}/api/2.0/mlflow/runs/log-batch`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ run_id: runId, metrics: [point], tags: [{ key: 'a:b', value: 'c' }] }) })
    expect(await all(client.runs.metricHistory(runId, 'train:loss'))).toEqual([point])
    await client.runs.deleteTag(runId, 'a:b')
    expect((await client.runs.get(runId)).tags).not.toHaveProperty('a:b')
  })

  it('names of experiments and models come back as they were, or are refused with the reason', async () => {
    const taken = ['größe', '損失', '🎉', 'a/b', 'a:b', '"quoted"', "it's", 'both "\'', ' spaces ', 'a\nb', '%41', '..', '#?&+', 'x'.repeat(400)]
    for (const each of taken) {
      const name = `${each} ${fresh('')}`
      const { experimentId: id } = await client.experiments.create({ name })
      expect((await client.experiments.get(id)).name).toBe(name)
      expect((await client.experiments.find(name))?.experimentId).toBe(id)
    }
    for (const name of ['', 'a\0b', '\ud800', 'x'.repeat(501)]) expect(await codeOf(client.experiments.create({ name }))).toBe('MLFLOW_INVALID')
    for (const each of ['größe', '🎉', '"quoted"', "it's", 'both "\'', ' spaces ', 'a\nb', '%41', '#?&+', '\\']) {
      const name = `${each} ${fresh('')}`
      await client.registry.createModel({ name })
      const { runId, artifactUri } = await client.runs.create({ experimentId })
      const { version } = await client.registry.createVersion({ name, source: artifactUri, runId, key: name })
      expect((await client.registry.createVersion({ name, source: artifactUri, runId, key: name })).version).toBe(version)
      expect((await client.registry.getVersion(name, version)).name).toBe(name)
      await client.registry.setAlias(name, 'é_1', version)
      expect((await client.registry.findVersionByAlias(name, 'é_1'))?.version).toBe(version)
    }
    for (const name of ['', ' ', 'a/b', 'a:b', '..', '../a', 'a\0b', '\ud800', 'x'.repeat(257)]) expect(await codeOf(client.registry.createModel({ name }))).toBe('MLFLOW_INVALID')
    for (const alias of ['', 'latest', 'LATEST', 'v1', 'V12', 'a b', 'a/b', '🎉']) expect(await codeOf(client.registry.setAlias('m', alias, '1'))).toBe('MLFLOW_INVALID')
    for (const name of ['größe', '🎉', ' spaces ', 'a\nb', '(b)', '#?&+', '\\']) {
      const model = await client.models.create({ experimentId, name, tags: { 'x y': name }, params: { p: name } })
      expect(await client.models.get(model.modelId)).toMatchObject({ name, tags: { 'x y': name }, params: { p: name } })
      await client.models.deleteTag(model.modelId, 'x y')
    }
    for (const name of ['', 'a/b', 'a:b', 'a.b', 'a%b', 'a"b', "a'b", '\ud800', 'x'.repeat(251)]) expect(await codeOf(client.models.create({ experimentId, name }))).toBe('MLFLOW_INVALID')
  })
})
