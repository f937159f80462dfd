// Where tests find a GPU in software: Chromium brings a Vulkan loader and a driver for it.
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { findChromium } from './chromium.mjs'

const DRIVER = 'vk_swiftshader_icd.json'

/**
 * Variables under which a program finds the GPU in software; elsewhere than on Linux the machine's own GPU is used. Or the reason why there is none, which
 * is an error in CI.
 * @returns {{ environment?: Record<string, string>, missing?: string }}
 */
export function softwareGpu() {
  if (process.platform !== 'linux') return { environment: {} }
  const chromium = findChromium().path
  const folders = [...(chromium === undefined ? [] : [dirname(realpathSync(chromium))]), '/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome']
  const folder = folders.find((candidate) => existsSync(join(candidate, DRIVER)))
  if (folder !== undefined) return { environment: { VK_ICD_FILENAMES: join(folder, DRIVER), LD_LIBRARY_PATH: folder } }
  const missing = `no ${DRIVER} beside Chromium. Install it: apt-get install -y chromium`
  if (process.env.CI === 'true') throw new Error(missing)
  return { missing }
}
