import { readFileSync } from 'node:fs'
import * as core from '@attune/core'
import * as node from '@attune/node'
import * as pruners from '@attune/pruners'
import * as report from '@attune/report'
import * as samplers from '@attune/samplers'
import * as storage from '@attune/storage'
import { expect, test } from 'vitest'
import * as attune from './index.ts'

test('the front door exports everything of the rooms behind it, types included', () => {
  const expected = [core, node, pruners, report, samplers, storage].flatMap((room) => Object.keys(room))
  expect(Object.keys(attune).sort()).toEqual([...new Set([...expected, 'createStudy', 'runWorker', 'tune'])].sort())
  const index = readFileSync(new URL('index.ts', import.meta.url), 'utf8')
  for (const room of ['core', 'node', 'pruners', 'report', 'samplers', 'storage']) {
    const source = readFileSync(new URL(`../../${room}/src/index.ts`, import.meta.url), 'utf8')
    const names = Array.from(source.matchAll(/export (?:type )?\{([^}]*)\}/g), ([, list]) => list!.split(',').map((name) => name.replace('type ', '').trim())).flat().filter(Boolean)
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(index))).toEqual([])
  }
})
