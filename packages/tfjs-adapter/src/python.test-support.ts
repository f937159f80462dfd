import { spawnSync } from 'node:child_process'
import { ensurePython } from '../../../tools/python/ensure.mjs'

const tools: { readonly python?: string | undefined; readonly missing?: string | undefined } = ensurePython()

/** Why tests against Python's onnx are skipped, or undefined. */
export const missingPython: string | undefined = tools.missing

/** Runs a Python program with `input` on its standard input; what it prints must be JSON. */
export function runPython(program: string, input: Uint8Array = new Uint8Array()): unknown {
  if (tools.python === undefined) throw new Error(tools.missing)
  const result = spawnSync(tools.python, ['-c', program], { input, encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (result.status !== 0) throw new Error(`Python failed: ${result.stderr}`)
  return JSON.parse(result.stdout)
}
