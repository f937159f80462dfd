import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { chromium, type Browser, type Page } from 'playwright'
import { build, defaultClientConditions } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findChromium } from '../../../../tools/chromium.mjs'
import { cpu } from './cpu.ts'
import type { PageBackend } from './same-net-page.test-support.ts'
import { largestDifference, trainSameNet, type SameNet } from './same-net.test-support.ts'

const { path: executablePath, missing } = findChromium()
const example = join(import.meta.dirname, '../../examples/in-the-browser')
const TYPES: { readonly [extension: string]: string } = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' }

test('the guide shows the page that is tried here', () => {
  const guide = readFileSync(join(import.meta.dirname, '../../../../docs/training-in-the-browser.md'), 'utf8')
  for (const file of ['index.html', 'main.ts']) expect(guide).toContain(`\n${readFileSync(join(example, file), 'utf8')}\`\`\`\n`)
})

let folder: string
let server: Server
let origin: string
let browser: Browser

/** Built as a user builds it, from the page of the guide and one of the tests, and served once with the headers of isolation and once without. */
beforeAll(async () => {
  if (executablePath === undefined) return
  folder = await mkdtemp(join(tmpdir(), 'attune-page-'))
  await build({
    configFile: false,
    logLevel: 'silent',
    root: example,
    base: './',
    resolve: { conditions: ['attune-source', ...defaultClientConditions] },
    build: { outDir: folder, emptyOutDir: true, target: 'esnext', minify: false, chunkSizeWarningLimit: 100_000, rollupOptions: { input: { index: join(example, 'index.html'), sameNet: join(import.meta.dirname, 'same-net-page.test-support.ts') }, output: { entryFileNames: '[name].js' } } },
  })
  await writeFile(join(folder, 'same-net.html'), '<!doctype html><script type="module" src="./sameNet.js"></script>')
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const isolated = pathname.startsWith('/isolated/')
    if (isolated) response.setHeader('Cross-Origin-Opener-Policy', 'same-origin').setHeader('Cross-Origin-Embedder-Policy', 'require-corp')
    try {
      const file = readFileSync(join(folder, pathname.replace(/^\/(isolated|plain)\//, '')))
      response.setHeader('Content-Type', TYPES[extname(pathname)] ?? 'application/octet-stream').end(file)
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  origin = `http://localhost:${(server.address() as AddressInfo).port}`
  // The WebGPU adapter of headless Chromium is software, and has to be asked for.
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--enable-unsafe-webgpu'] })
}, 120_000)

afterAll(async () => {
  await browser?.close()
  server?.close()
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
})

async function open<T>(path: string, use: (page: Page) => Promise<T>): Promise<T> {
  const page = await browser.newPage()
  const errors: string[] = []
  // tfjs uses at most half of the cores that the browser names, which on a small machine is one.
  await page.addInitScript("Object.defineProperty(navigator, 'hardwareConcurrency', { value: 8 })")
  page.on('pageerror', (error) => errors.push(error.message))
  try {
    await page.goto(`${origin}${path}`)
    return await use(page)
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${errors.join('\n')}`, { cause: error })
  } finally {
    await page.close()
  }
}

describe.skipIf(missing !== undefined)(`in Chromium${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  const cases: readonly { readonly backend: PageBackend; readonly isolated: boolean; readonly says: object }[] = [
    { backend: 'cpu', isolated: false, says: { backend: 'cpu' } },
    { backend: 'wasm', isolated: false, says: { backend: 'wasm', threads: 1, simd: true } },
    { backend: 'wasm, two threads', isolated: true, says: { backend: 'wasm', threads: 2, simd: true } },
    { backend: 'wasm, two threads', isolated: false, says: { backend: 'wasm', threads: 1, simd: true } },
    { backend: 'webgpu', isolated: false, says: { backend: 'webgpu', adapter: expect.stringMatching(/\w/) as string } },
  ]
  test.each(cases)('the same net trains on $backend as on cpu in Node (isolated: $isolated)', async ({ backend, isolated, says }) => {
    const net = await open(`/${isolated ? 'isolated' : 'plain'}/same-net.html`, async (page) => {
      await page.waitForFunction('typeof train === "function"')
      return page.evaluate<SameNet>(`train(${JSON.stringify(backend)})`)
    })
    await cpu().activate(tf)
    expect(net).toMatchObject({ warnings: [], tensors: 0, meta: says })
    expect(largestDifference(await trainSameNet(cpu()), net)).toBeLessThan(1e-5)
  })

  test.each([
    ['/plain/index.html', '"backend":"wasm","threads":1,"simd":true'],
    ['/isolated/index.html', '"backend":"wasm","threads":'],
    ['/plain/index.html?webgpu', '"backend":"webgpu"'],
  ])('the page of the guide: %s', async (path, says) => {
    const text = await open(path, async (page) => {
      await page.waitForSelector('[data-done]', { timeout: 50_000 })
      return page.innerText('body')
    })
    expect(text).toMatch(/^0 \{"filters".*\n1 .*\non \{/)
    expect(text).toContain(says)
    expect(text).toMatch(/the best model has \d+ bytes, and \d+ as ONNX\s+best\.onnx/)
  })
})
