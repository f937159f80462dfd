// tfjs-node for the tests, as users build it: our own recipe, against the TensorFlow of tools/python/requirements-tensorflow.txt.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ensureTensorFlow } from './python/ensure.mjs'

const adapter = new URL('../packages/tfjs-adapter/', import.meta.url)
// The program of bin/ runs the build's output, which may not be there yet: this is the same from the sources.
const program = `
  const { runTfjsNodeBuild } = await import(${JSON.stringify(new URL('src/backends/tfjs-node-build/command-line.ts', adapter).href)})
  process.exitCode = runTfjsNodeBuild(process.argv.slice(1))`

/** @typedef {{ readonly missing?: string }} TfjsNode */

/** @type {TfjsNode | undefined} */
let known

/**
 * Builds `@tensorflow/tfjs-node` of the workspace where that was not done, or says why it cannot be used here.
 * With `CI=true` nothing may be skipped, so what is missing throws there.
 * @returns {TfjsNode}
 */
export function ensureTfjsNode() {
  if (known) return known
  const { python, missing } = ensureTensorFlow()
  known = python === undefined ? { missing: `tfjs-node cannot be built. ${missing}` } : build(python)
  if (known.missing !== undefined && process.env.CI === 'true') throw new Error(known.missing)
  return known
}

/** @param {string} python @returns {TfjsNode} */
function build(python) {
  const built = spawnSync(process.execPath, ['--input-type=module', '-e', program, '--', '--tensorflow', python, '--if-missing'], { cwd: fileURLToPath(adapter), encoding: 'utf8' })
  return built.status === 0 ? {} : { missing: `tfjs-node cannot be built: ${`${built.stderr}${built.error?.message ?? ''}`.trim()}` }
}
