import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const PROGRAM = fileURLToPath(new URL('one-backend.test-support.ts', import.meta.url))

test.skipIf(process.platform !== 'linux')(`webgpu() says what is missing where there is no GPU${process.platform === 'linux' ? '' : ' (skipped: only on Linux can the driver be hidden)'}`, { timeout: 120_000 }, () => {
  const child = spawnSync(process.execPath, ['--conditions=attune-source', PROGRAM, 'webgpu'], { encoding: 'utf8', env: { ...process.env, VK_ICD_FILENAMES: '/nonexistent', VK_DRIVER_FILES: '/nonexistent' }, timeout: 110_000 })
  expect(child.status).not.toBe(0)
  expect(child.stderr).toMatch(/The TensorFlow\.js backend "webgpu" finds no GPU adapter\. Install a Vulkan/)
})
