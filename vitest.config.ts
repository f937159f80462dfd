import { availableParallelism } from 'node:os'
import { playwright } from '@vitest/browser-playwright'
import { defaultClientConditions, defaultServerConditions } from 'vite'
import { defineConfig, type TestProjectConfiguration } from 'vitest/config'
import { findChromium } from './tools/chromium.mjs'

/** Packages find each other's sources, so that no test needs a build. */
const source = 'attune-source'

/** A deadline only catches hangs: on a loaded machine everything is slower. */
const testTimeout = 60_000

const browserTests = 'packages/*/src/**/*.browser.test.ts'
const chromium = findChromium()
if (chromium.missing !== undefined) console.log(`SKIPPED: the tests of project "browser" (${browserTests}). ${chromium.missing}`)

const browser: TestProjectConfiguration = {
  extends: true,
  // Found before the first test runs: a dependency that is found later reloads the page under a test.
  optimizeDeps: { entries: [browserTests] },
  test: {
    name: 'browser',
    include: [browserTests],
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      // The WebGPU adapter of headless Chromium is software, and has to be asked for.
      provider: playwright({ launchOptions: { executablePath: chromium.path ?? '', args: ['--no-sandbox', '--enable-unsafe-webgpu'] } }),
      instances: [{ browser: 'chromium' }],
    },
  },
}

export default defineConfig({
  resolve: { conditions: [source, ...defaultClientConditions] },
  ssr: { resolve: { conditions: [source, ...defaultServerConditions] } },
  test: {
    // vitest leaves one core free, which on two cores is half of the machine; and many tests wait for servers and children.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout,
    hookTimeout: testTimeout,
    // Quicker tests are not listed one by one.
    slowTestThreshold: 10_000,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['packages/*/{src,examples}/**/*.test.ts'], exclude: ['**/*.browser.test.ts', '**/*.mlflow.test.ts', '**/node_modules/**'] },
      },
      {
        // One real MLflow server for all of them, started when the first is to run: see tools/python/mlflow-setup.ts.
        extends: true,
        test: { name: 'mlflow', include: ['{packages/*/src,examples,tests}/**/*.mlflow.test.ts'], exclude: ['**/node_modules/**'], globalSetup: ['tools/python/mlflow-setup.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'types',
          include: [],
          // Errors elsewhere are the type check's business; here they would hide which type test failed.
          typecheck: { enabled: true, only: true, ignoreSourceErrors: true, include: ['packages/*/src/**/*.test-d.ts'], tsconfig: './tsconfig.test.json' },
        },
      },
      ...(chromium.path === undefined ? [] : [browser]),
      { extends: true, test: { name: 'repository', include: ['tests/**/*.test.ts'], exclude: ['**/*.mlflow.test.ts'] } },
      { extends: true, test: { name: 'simulation', include: ['simulation/**/*.test.ts'], exclude: ['**/node_modules/**'] } },
      { extends: true, test: { name: 'examples', include: ['{examples,benchmarks}/**/*.test.ts'], exclude: ['**/*.mlflow.test.ts', '**/node_modules/**'] } },
    ],
  },
})
