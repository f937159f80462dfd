import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
const folder = fileURLToPath(new URL('.', import.meta.url))
const strict = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--allowImportingTsExtensions', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--module', 'nodenext', '--target', 'es2024', '--lib', 'es2024,esnext.disposable,webworker']

let out: string
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'attune-types-'))
})
afterAll(() => rm(out, { recursive: true }))

async function compile(lines: readonly string[]): Promise<string> {
  const file = join(out, 'program.mts')
  const from = (name: string): string => JSON.stringify(join(folder, name))
  await writeFile(file, [
    `import { boolean, choice, float, int, oneOf, ordinal, repeat } from ${from('builders.ts')}`,
    `import { constraint } from ${from('constraint.ts')}`,
    `import { space } from ${from('space.ts')}`,
    `import type { Params } from ${from('types.ts')}`,
    'export { boolean, choice, constraint, float, int, oneOf, ordinal, repeat, space, type Params }',
    ...lines,
  ].join('\n'))
  return promisify(execFile)(process.execPath, [compiler, ...strict, '--pretty', 'false', '--extendedDiagnostics', file], { cwd: out }).then(
    ({ stdout }) => stdout,
    (failed: { stdout: string }) => failed.stdout,
  )
}

/** Type instantiations of a program with a space of this many entries, used as objectives and constraints use it. */
async function instantiations(parameters: number): Promise<number> {
  const kinds = ['float(0, 1)', 'int(1, 9)', "choice(['a', 'b', 'c'])", 'boolean()', '{ x: float(0, 1) }', 'repeat({ x: int(1, 9) }, { min: 1, max: 3 })', 'oneOf({ a: { x: ordinal([1, 2]) }, b: {} })']
  const entries = Array.from({ length: parameters }, (_, i) => `p${i}: ${kinds[i % kinds.length]},`)
  const text = await compile([
    'const s = space({ first: float(0, 1),', ...entries, "}, { constraints: [constraint('c', (params) => params.first)] })",
    'export const value: number = s.nest({}).first',
    'export const objective = (params: Params<typeof s>): number => params.first',
  ])
  expect(text).not.toContain('error')
  return Number(/Instantiations:\s+(\d+)/.exec(text)?.[1])
}

// Measured with TypeScript 7.0: about 9,700 without parameters (the library and ours), 11,300 with 60.
test('the types of 60 parameters cost few instantiations', { timeout: 120_000 }, async () => {
  const none = await instantiations(0)
  const some = await instantiations(60)
  expect(some - none).toBeGreaterThan(0)
  expect(some - none).toBeLessThan(4000)
  expect(some).toBeLessThan(20_000)
})

test('what is wrong is said at the key, in words', { timeout: 120_000 }, async () => {
  const mistakes: readonly (readonly [code: string, message: string])[] = [
    ['space({ x: 5 })', "Type 'number' is not assignable to type 'SpaceNode'"],
    ["space({ 'a.b': float(0, 1) })", 'This name is not allowed for a parameter: choose another.'],
    ['space({ o: oneOf({ a: { type: int(1, 2) } }) })', "'type' names the branch in the parameters: choose another name."],
    ['oneOf({ a: {}, b: {} }, { weights: { a: 1 } })', "Property 'b' is missing"],
    ["float(0, 1, { scale: 'ln' })", `Type '"ln"' is not assignable to type '"linear" | "log" | undefined'`],
    ['space({ rate: float(0, 1), n: int(1, 2) }).nest({}).rates', "Property 'rates' does not exist on type '{ readonly rate: number; readonly n: number; }'. Did you mean 'rate'?"],
    ["space({ o: oneOf({ a: { x: int(1, 2) }, b: {} }) }).nest({}).o.x", `Property 'x' does not exist on type '{ readonly type: "b"; }'`],
    ["space({ x: int(1, 2) }, { constraints: [constraint('c', (params) => params.y)] })", "Property 'y' does not exist on type '{ readonly x: number; }'"],
    ['space({ x: int(1, 2) }).flatten({ y: 1 })', "'y' does not exist in type '{ readonly x: number; }'"],
  ]
  const text = await compile(mistakes.map(([code]) => code))
  const first = 6
  for (const [index, [code, message]] of mistakes.entries()) {
    const said = text.split(/^(?=program)/m).filter((part) => part.startsWith(`program.mts(${first + index},`)).join()
    expect(said, code).toContain(message)
  }
})
