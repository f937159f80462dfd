// The Chromium that browser tests run in. It is the machine's own: no browser is downloaded.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome', 'microsoft-edge-stable', 'microsoft-edge']
const PLACES = [
  '/usr/bin',
  '/usr/local/bin',
  '/snap/bin',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
]

/** @typedef {{ readonly path: string, readonly missing?: undefined } | { readonly path?: undefined, readonly missing: string }} Browser */

/**
 * The path of a Chromium-based browser, or why there is none and what to do.
 * With `CI=true` nothing may be skipped, so a missing browser throws there.
 * @returns {Browser}
 */
export function findChromium() {
  const named = process.env.CHROMIUM_PATH
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...PLACES.filter((place) => place.endsWith('bin'))]
  const candidates = named ? [named] : [...PLACES.filter((place) => !place.endsWith('bin')), ...folders.flatMap((folder) => NAMES.map((name) => join(folder, name)))]
  const path = candidates.find((candidate) => existsSync(candidate))
  if (path) return { path }
  const missing = named
    ? `CHROMIUM_PATH names ${named}, which does not exist. Correct or unset it.`
    : 'No Chromium was found. Install one (Debian: apt-get install -y chromium), or name a Chromium or Chrome in CHROMIUM_PATH.'
  if (process.env.CI === 'true') throw new Error(missing)
  return { missing }
}
