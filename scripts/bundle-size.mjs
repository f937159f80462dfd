// What a browser downloads for @attune/core: minified, and compressed as a server would, with and without the container's libraries.
// Run it after a build: `node scripts/pnpm.mjs run bundle-size`. `--limit 25` fails above 25 kB (gzip, without the libraries).
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { root } from './pnpm.mjs'

const { values } = parseArgs({ options: { limit: { type: 'string' } } })
const containerLibraries = ['inversify', 'reflect-metadata']

/** A program that uses all that core exports, so that nothing is shaken out. */
async function bundle(external) {
  const build = await rolldown({ input: join(root, 'packages', 'core', 'dist', 'index.js'), external, platform: 'browser' })
  const { output } = await build.generate({ format: 'esm', minify: true })
  await build.close()
  const code = Buffer.from(output.map((chunk) => (chunk.type === 'chunk' ? chunk.code : '')).join('\n'))
  return { minified: code.length, gzip: gzipSync(code, { level: 9 }).length, brotli: brotliCompressSync(code, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length }
}

const isLibrary = (id) => containerLibraries.some((name) => id === name || id.startsWith(`${name}/`))
const without = await bundle(isLibrary)
const whole = await bundle([])
const kilobytes = (bytes) => (bytes / 1000).toFixed(1).padStart(7)
console.log(`@attune/core for a browser, kB   minified    gzip  brotli`)
for (const [name, size] of Object.entries({ [`without ${containerLibraries.join(' + ')}`]: without, 'with everything': whole })) {
  console.log(`${name.padEnd(36)}${kilobytes(size.minified)}${kilobytes(size.gzip)}${kilobytes(size.brotli)}`)
}
if (values.limit !== undefined && without.gzip > Number(values.limit) * 1000) {
  console.error(`Above the limit of ${values.limit} kB (gzip, without ${containerLibraries.join(' + ')}).`)
  process.exitCode = 1
}
