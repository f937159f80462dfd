import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

test('a program on wasm that fails ends as any other, with its own line and exit code 1', () => {
  const program = `
    import * as tf from '@tensorflow/tfjs'
    import { wasm } from '@attune/tfjs-adapter'
    process.on('exit', () => console.log(process.listeners('uncaughtException').length, process.listeners('unhandledRejection').length))
    await wasm().activate(tf)
    console.log(tf.getBackend())
    throw new Error('mine')`
  const child = spawnSync(process.execPath, ['--conditions=attune-source', '--input-type=module', '--eval', program], { cwd: fileURLToPath(new URL('../..', import.meta.url)), encoding: 'utf8' })
  expect(child.stdout).toBe('wasm\n0 0\n')
  expect(child.stderr).toContain('Error: mine')
  expect(child.stderr).not.toContain('tf-backend-wasm')
  expect(child.status).toBe(1)
})
