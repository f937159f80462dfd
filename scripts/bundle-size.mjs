// What a browser downloads for @attune/core: minified, and compressed as a server would, with and without the container's libraries.
// Run it after a build: `node scripts/pnpm.mjs run bundle-size`. `--limit 25` fails above 25 kB (gzip, a typical program without the libraries).
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { root } from './pnpm.mjs'

const { values } = parseArgs({ options: { limit: { type: 'string' } } })
const containerLibraries = ['inversify', 'reflect-metadata']

const TYPICAL = "import { createStudy, float, int, minimize } from '@attune/core'\nexport const study = createStudy({ space: { x: float(-1, 1), n: int(1, 8) }, objective: minimize('loss') })"

/** Bundles a program whose text is given; `@attune/core` is the built package. */
async function bundle(program, external) {
  const core = join(root, 'packages', 'core', 'dist', 'index.js')
  const resolve = { name: 'program', resolveId: (id) => (id === 'program' ? id : id === '@attune/core' ? core : undefined), load: (id) => (id === 'program' ? program : undefined) }
  const build = await rolldown({ input: 'program', external, platform: 'browser', plugins: [resolve] })
  const { output } = await build.generate({ format: 'esm', minify: true })
  await build.close()
  const code = Buffer.from(output.map((chunk) => (chunk.type === 'chunk' ? chunk.code : '')).join('\n'))
  return { minified: code.length, gzip: gzipSync(code, { level: 9 }).length, brotli: brotliCompressSync(code, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length }
}

const isLibrary = (id) => containerLibraries.some((name) => id === name || id.startsWith(`${name}/`))
const libraries = containerLibraries.join(' + ')
const sizes = {
  [`typical program, without ${libraries}`]: await bundle(TYPICAL, isLibrary),
  'typical program': await bundle(TYPICAL, []),
  [`every export, without ${libraries}`]: await bundle("export * from '@attune/core'", isLibrary),
  'every export': await bundle("export * from '@attune/core'", []),
}
const kilobytes = (bytes) => (bytes / 1000).toFixed(1).padStart(9)
console.log(`${'@attune/core for a browser, kB'.padEnd(56)} minified     gzip   brotli`)
for (const [name, size] of Object.entries(sizes)) {
  console.log(`${name.padEnd(56)}${kilobytes(size.minified)}${kilobytes(size.gzip)}${kilobytes(size.brotli)}`)
}
const [typical] = Object.values(sizes)
if (values.limit !== undefined && typical !== undefined && typical.gzip > Number(values.limit) * 1000) {
  console.error(`Above the limit of ${values.limit} kB (gzip, a typical program without ${libraries}).`)
  process.exitCode = 1
}
