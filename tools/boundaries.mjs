// The rooms of the house and the arrows between them, as docs/architecture.md draws them. The linter's configuration is built from this.

/**
 * @typedef {object} Room
 * @property {string} folder below packages/
 * @property {string} name on npm
 * @property {readonly string[]} imports packages of ours that its sources may import
 * @property {boolean} browser whether it runs unchanged in a browser
 * @property {readonly string[]} [tests] packages of ours that only its tests import, beside the conformance suites
 */

/** @type {readonly Room[]} */
export const rooms = [
  { folder: 'core', name: '@attune/core', imports: [], browser: true },
  { folder: 'samplers', name: '@attune/samplers', imports: ['@attune/core'], browser: true },
  { folder: 'pruners', name: '@attune/pruners', imports: ['@attune/core'], browser: true },
  { folder: 'storage', name: '@attune/storage', imports: ['@attune/core'], browser: false },
  { folder: 'node', name: '@attune/node', imports: ['@attune/core'], browser: false },
  { folder: 'report', name: '@attune/report', imports: ['@attune/core'], browser: true },
  {
    folder: 'cli',
    name: '@attune/cli',
    imports: ['@attune/core', '@attune/samplers', '@attune/pruners', '@attune/storage', '@attune/node', '@attune/report'],
    browser: false,
  },
  {
    folder: 'attune',
    name: 'attune',
    imports: ['@attune/core', '@attune/samplers', '@attune/pruners', '@attune/storage', '@attune/node', '@attune/report', '@attune/cli'],
    browser: false,
  },
  { folder: 'onnx-format', name: '@attune/onnx-format', imports: [], browser: true },
  { folder: 'tfjs-adapter', name: '@attune/tfjs-adapter', imports: ['@attune/core', '@attune/onnx-format'], browser: false },
  { folder: 'onnx-adapter', name: '@attune/onnx-adapter', imports: ['@attune/core', '@attune/onnx-format'], browser: false },
  { folder: 'mlflow-logger', name: '@attune/mlflow-logger', imports: ['@attune/core', '@attune/report', '@attune/onnx-format'], browser: false, tests: ['@attune/node', '@attune/storage'] },
  { folder: 'opentelemetry-logger', name: '@attune/opentelemetry-logger', imports: ['@attune/core'], browser: true },
  { folder: 'tensorboard-logger', name: '@attune/tensorboard-logger', imports: ['@attune/core'], browser: false, tests: ['@attune/node', '@attune/storage'] },
  { folder: 'testing', name: '@attune/testing', imports: ['@attune/core'], browser: false },
]

/** The only folder that may import inversify, and what it brings with it. */
export const compositionRoot = { folder: 'packages/core/src/container', packages: ['inversify', 'reflect-metadata'] }
