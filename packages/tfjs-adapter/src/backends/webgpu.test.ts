import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { findChromium } from '../../../../tools/chromium.mjs'

const PROGRAM = fileURLToPath(new URL('webgpu-training.test-support.ts', import.meta.url))
const DRIVER = 'vk_swiftshader_icd.json'

/** Chromium brings a Vulkan loader and a GPU in software; elsewhere than on Linux the machine's own GPU is used. */
function softwareGpu(): { readonly environment?: Record<string, string>; readonly missing?: string } {
  if (process.platform !== 'linux') return { environment: {} }
  const chromium = findChromium().path
  const folders = [...(chromium === undefined ? [] : [dirname(realpathSync(chromium))]), '/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome']
  const folder = folders.find((candidate) => existsSync(join(candidate, DRIVER)))
  if (folder !== undefined) return { environment: { VK_ICD_FILENAMES: join(folder, DRIVER), LD_LIBRARY_PATH: folder } }
  const missing = `no ${DRIVER} beside Chromium. Install it: apt-get install -y chromium`
  if (process.env['CI'] === 'true') throw new Error(missing)
  return { missing }
}

const { environment, missing } = softwareGpu()

interface Answer {
  readonly backend: string
  readonly reports: readonly { readonly [metric: string]: number }[]
  readonly onnx: number
  readonly warnings: readonly string[]
  readonly tensors: number
}

function runProgram(variables: Record<string, string>): ReturnType<typeof spawnSync> {
  return spawnSync(process.execPath, ['--conditions=attune-source', PROGRAM], { encoding: 'utf8', env: { ...process.env, ...variables }, timeout: 110_000 })
}

test.skipIf(missing !== undefined)(`webgpu() trains a convnet as cpu() does, in Node${missing === undefined ? '' : ` (skipped: ${missing})`}`, { timeout: 120_000 }, () => {
  const child = runProgram(environment ?? {})
  if (child.status !== 0) throw new Error(String(child.stderr))
  const [gpu, reference] = JSON.parse(String(child.stdout)) as [Answer, Answer]
  expect([gpu.backend, reference.backend]).toEqual(['webgpu', 'cpu'])
  expect(gpu).toMatchObject({ warnings: [], tensors: 0 })
  expect(gpu.onnx).toBeGreaterThan(1000)
  for (const [index, report] of gpu.reports.entries()) {
    for (const [metric, value] of Object.entries(report)) expect(value, metric).toBeCloseTo(reference.reports[index]?.[metric] ?? NaN, 3)
  }
})

test.skipIf(process.platform !== 'linux')(`webgpu() says what is missing where there is no GPU${process.platform === 'linux' ? '' : ' (skipped: only on Linux can the driver be hidden)'}`, { timeout: 120_000 }, () => {
  const child = runProgram({ VK_ICD_FILENAMES: '/nonexistent', VK_DRIVER_FILES: '/nonexistent' })
  expect(child.status).not.toBe(0)
  expect(child.stderr).toMatch(/The TensorFlow\.js backend "webgpu" finds no GPU adapter\. Install a Vulkan/)
})
