// Runs Python programs with the packages of requirements.txt, for tests that check our files with Python's own tools.
import { spawnSync } from 'node:child_process'
import { ensurePython } from './ensure.mjs'

const tools = ensurePython()

/** Why tests that need Python are skipped, or undefined. */
export const missingPython = tools.missing

/**
 * Runs a program with `input` on its standard input; what it prints must be JSON.
 * @param {string} program
 * @param {Uint8Array} [input]
 * @returns {unknown}
 */
export function runPython(program, input = new Uint8Array()) {
  if (tools.python === undefined) throw new Error(tools.missing)
  const result = spawnSync(tools.python, ['-c', program], { input, encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (result.status !== 0) throw new Error(`Python failed: ${result.stderr}`)
  return JSON.parse(result.stdout)
}
