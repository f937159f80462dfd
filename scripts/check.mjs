// Everything `npm test` checks, in sequence, with a count at the end. Arguments go to vitest, and then only vitest runs.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { findChromium } from '../tools/chromium.mjs'
import { ensurePython, ensureTensorFlow } from '../tools/python/ensure.mjs'
import { ensureTfjsNode } from '../tools/tfjs-node.mjs'
import { consumers } from './consumer.mjs'
import { packAll, publicPackages } from './pack.mjs'
import { root } from './pnpm.mjs'
import { run, runNode, tool } from './processes.mjs'

/** With CI=true nothing may be skipped. */
const ci = process.env.CI === 'true'
const counts = { passed: 0, failed: 0, skipped: 0 }
/** What the summary lists: one line for each heading, and each failure and skip by name. */
const summary = []

const line = (text) => console.log(text)
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`

/** Runs one check and counts it; a check throws, or answers false after it has printed what is wrong. */
async function check(name, body) {
  line(`\n── ${name} ──`)
  const since = performance.now()
  let passed = false
  try {
    passed = (await body()) !== false
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
  }
  counts[passed ? 'passed' : 'failed'] += 1
  summary.push(`${passed ? 'passed ' : 'FAILED '} ${name} (${seconds(since)})`)
  return passed
}

/** A part of the machine that some tests need. Where it is missing they are skipped by name, and never with CI=true. */
async function requirement(name, find) {
  line(`\n── ${name} ──`)
  const since = performance.now()
  let found
  try {
    found = find()
  } catch (error) {
    found = { missing: error instanceof Error ? error.message : String(error) }
  }
  if (found.missing === undefined) return line(`there (${seconds(since)})`)
  line(found.missing)
  counts[ci ? 'failed' : 'skipped'] += 1
  summary.push(`${ci ? 'FAILED ' : 'SKIPPED'} ${name}: ${found.missing.split('\n')[0]}`)
}

/** Tests on data that no clone brings, and of what a machine may forbid (mounts, groups of processes), say so in their names: they may be skipped in CI too, and are printed like all others. */
const maySkip = (test) => ['(not part of the repository: ', '(not allowed by this machine: '].some((why) => test.fullName.includes(why))

const succeeds = async (script, args, options) => (await runNode(script, args, options)).code === 0

/** Runs vitest and counts each of its tests. */
async function tests() {
  const report = join(root, '.cache', 'vitest.json')
  rmSync(report, { force: true })
  mkdirSync(join(root, '.cache'), { recursive: true })
  line('\n── tests (vitest) ──')
  const since = performance.now()
  const { code } = await runNode(tool('vitest'), ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`])
  const files = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).testResults : []
  const all = files.flatMap((file) => file.assertionResults.map((test) => ({ ...test, file: relative(root, file.name) })))
  const failed = all.filter((test) => test.status === 'failed')
  const skipped = all.filter((test) => test.status !== 'passed' && test.status !== 'failed')
  const forbidden = ci ? skipped.filter((test) => !maySkip(test)) : []
  const broken = files.filter((file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'))
  counts.passed += all.length - failed.length - skipped.length
  counts.failed += failed.length + broken.length
  counts.failed += forbidden.length
  counts.skipped += skipped.length - forbidden.length
  // An error outside any test, or no test at all, fails the run without failing a test.
  const unexplained = (code !== 0 || all.length === 0) && failed.length + broken.length === 0
  if (unexplained) counts.failed += 1
  const fine = code === 0 && !unexplained && forbidden.length === 0
  summary.push(`${fine ? 'passed ' : 'FAILED '} tests: ${all.length} in ${files.length} files (${seconds(since)})`)
  for (const test of failed) summary.push(`  FAILED  ${test.file}: ${test.fullName}`)
  for (const file of broken) summary.push(`  FAILED  ${relative(root, file.name)}: the file itself`)
  if (unexplained) summary.push('  FAILED  vitest ended with an error that belongs to no test; see above')
  for (const test of skipped) summary.push(`  ${forbidden.includes(test) ? 'FAILED (skipped, which CI=true forbids)' : 'SKIPPED'}  ${test.file}: ${test.fullName}`)
}

/** publint and are-the-types-wrong on one tarball. */
async function checkPackage({ name, tarball }) {
  const bytes = await readFile(tarball)
  const { messages, pkg } = await publint({ pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) }, strict: true })
  for (const message of messages) line(`publint: ${message.type}: ${formatMessage(message, pkg)}`)
  // Types are for ES modules only, like the code; Node >= 22.13 can require() them all the same.
  const types = await runNode(tool('@arethetypeswrong/cli'), [tarball, '--profile', 'esm-only', '--no-emoji', '--format', 'ascii'], { quiet: true })
  if (types.code !== 0) line(types.output)
  line(`${name}: publint ${messages.length === 0 ? 'fine' : 'complains'}, types ${types.code === 0 ? 'fine' : 'wrong'}`)
  return messages.length === 0 && types.code === 0
}

async function everything() {
  const tsc = tool('typescript')
  await requirement('Python with TensorBoard, MLflow, onnx, onnxruntime, pandas and DuckDB', ensurePython)
  await requirement('Python with TensorFlow', ensureTensorFlow)
  await requirement('tfjs-node, built against that TensorFlow', ensureTfjsNode)
  await requirement('Chromium', findChromium)
  const built = await check('build (tsc -b)', () => succeeds(join(root, 'scripts', 'build.mjs'), []))
  await check('types of tests, examples and benchmarks (tsc)', () => succeeds(tsc, ['-p', 'tsconfig.test.json']))
  await check('types of the scripts (tsc)', () => succeeds(tsc, ['-p', 'scripts/tsconfig.json']))
  await check('lint and import boundaries (oxlint)', () => succeeds(tool('oxlint'), ['--type-aware', '--config', 'oxlint.config.mjs']))
  await check('unused code and dependencies (knip)', () => succeeds(tool('knip'), ['--no-progress', '--no-config-hints']))
  if (built) await check('API reference (typedoc)', () => succeeds(join(root, 'scripts', 'docs.mjs'), []))
  await tests()
  await check('quality of the samplers (bench --quick)', async () => (await run(process.execPath, [...process.execArgv, '--conditions=attune-source', join(root, 'benchmarks', 'src', 'bench.ts'), '--quick'])).code === 0)
  if (built && (await check('packing (pnpm pack)', () => packAll()))) {
    for (const each of publicPackages()) await check(`package ${each.name} (publint, are-the-types-wrong)`, () => checkPackage(each))
    for (const consumer of consumers) await check(`consumer: ${consumer.name}`, () => consumer.run())
  } else {
    counts.failed += 1
    summary.push('FAILED  package checks: there is nothing to check without a build')
  }
}

const vitestArguments = process.argv.slice(2)
if (vitestArguments.length > 0) {
  process.exitCode = (await runNode(tool('vitest'), ['run', ...vitestArguments])).code
} else {
  const since = performance.now()
  await everything()
  line(`\n── summary (${seconds(since)}) ──`)
  for (const entry of summary) line(entry)
  line(`\n${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`)
  process.exitCode = counts.failed > 0 ? 1 : 0
}
