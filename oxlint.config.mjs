// Lint rules. The import boundaries are built from tools/boundaries.mjs; tests/boundaries.test.ts shows that each kind of breach is caught.
import { builtinModules } from 'node:module'
import { compositionRoot, rooms } from './tools/boundaries.mjs'

const TESTS = ['.test.ts', '.test-d.ts', '.test-support.ts']
/** Folders below a package's src that the rules for relative paths reach; deeper ones are refused by tests/boundaries.test.ts. */
const DEEPEST_FOLDER = 5

const nodeBuiltIns = builtinModules.filter((name) => !name.startsWith('_') && !name.startsWith('node:')).map((name) => name.replace('/', '\\/'))

const inversify = {
  regex: `^(${compositionRoot.packages.join('|')})($|/)`,
  message: `Only ${compositionRoot.folder} may import the container's library. Take the part as a plain argument.`,
}
const nodeModules = {
  regex: `^(node:|(${nodeBuiltIns.join('|')})($|/))`,
  message: 'This package runs in a browser too: no Node built-ins. Take what is needed through a contract.',
}
const outOfSource = { regex: '^\\.\\.?/(.*/)?(src|dist|node_modules)/', message: 'Import another package by its name, never by a path.' }

/** Refuses every package of ours that is not in `allowed`. */
function others(allowed) {
  const names = rooms.map((room) => room.name).filter((name) => !allowed.includes(name))
  return { regex: `^(${names.join('|')})($|/)`, message: `Arrows go downward only: this package may import ${allowed.length === 0 ? 'nothing of ours' : allowed.join(', ')}.` }
}

/** Refuses relative paths that leave the package, for files `depth` folders below its src. */
const leavesPackage = (depth) => ({ regex: `^(\\./)?(\\.\\./){${depth + 2}}`, message: 'Import another package by its name, never by a path.' })

/** Rules for clocks, dice and output, which browser-safe packages take from the study instead. */
const pureRules = {
  'no-restricted-globals': ['error', 'process', 'console', 'Buffer', 'global', 'require', '__dirname', '__filename', 'setImmediate'],
  'no-restricted-properties': [
    'error',
    { object: 'Math', property: 'random', message: 'Take a stream of the study: its results could not be repeated otherwise.' },
    { object: 'Date', property: 'now', message: 'Take the study’s Clock.' },
    { object: 'globalThis', property: 'process' },
    { object: 'globalThis', property: 'console' },
  ],
}

function roomOverrides(room) {
  const source = `packages/${room.folder}/src`
  const depths = Array.from({ length: DEEPEST_FOLDER + 1 }, (_, depth) => depth)
  const base = [others(room.imports), ...(room.browser ? [nodeModules] : [])]
  return [
    ...depths.map((depth) => ({
      files: [`${source}/${'*/'.repeat(depth)}*.ts`],
      rules: { ...(room.browser ? pureRules : {}), 'no-restricted-imports': ['error', { patterns: [...base, leavesPackage(depth), inversify] }] },
    })),
    ...(compositionRoot.folder.startsWith(source)
      ? [{ files: [`${compositionRoot.folder}/*.ts`], rules: { 'no-restricted-imports': ['error', { patterns: [...base, leavesPackage(1)] }] } }]
      : []),
    // Tests run on Node and may use the conformance suites and the tools of the repository.
    {
      files: TESTS.map((ending) => `${source}/**/*${ending}`),
      rules: {
        'no-restricted-globals': 'off',
        'no-restricted-properties': 'off',
        'no-restricted-imports': ['error', { patterns: [others([...room.imports, ...(room.tests ?? []), room.name, '@attune/testing']), outOfSource] }],
      },
    },
  ]
}

export default {
  plugins: ['typescript', 'import', 'unicorn', 'oxc', 'promise', 'vitest'],
  ignorePatterns: ['**/dist/**', '**/node_modules/**', '**/generated/**', 'out/**', '.cache/**', '.python/**', 'docs/api/**'],
  categories: { correctness: 'error' },
  options: { reportUnusedDisableDirectives: 'error' },
  rules: {
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'import/no-self-import': 'error',
    // Reports every value that could be a read-only array: Array.isArray does not narrow those away.
    'typescript/no-for-in-array': 'off',
    // Numeric kernels quote their constants as published, with more digits than a double holds.
    'no-loss-of-precision': 'off',
    // Property tests assert inside the branches that a random case takes; the conformance suites make their tests from tables.
    'vitest/no-conditional-expect': 'off',
    'vitest/no-conditional-tests': 'off',
    'vitest/expect-expect': 'off',
    'vitest/valid-title': 'off',
    'vitest/valid-expect': ['error', { maxArgs: 2 }],
    'vitest/no-focused-tests': 'error',
    // Our parts are objects of closures: taking a method off one loses nothing.
    'typescript/unbound-method': 'off',
    // Where we spread a string, its code points are what we want.
    'typescript/no-misused-spread': 'off',
    'no-empty': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': ['error', { checksVoidReturn: false }],
    'typescript/await-thenable': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/no-unnecessary-type-assertion': 'error',
    'typescript/ban-ts-comment': ['error', { 'ts-expect-error': 'allow-with-description' }],
    // Also refuses the type form `import('x').Y`, which no-restricted-imports does not see.
    'typescript/consistent-type-imports': ['error', { prefer: 'type-imports', disallowTypeAnnotations: true, fixStyle: 'separate-type-imports' }],
  },
  overrides: [
    ...rooms.flatMap(roomOverrides),
    { files: ['**/*.test-d.ts'], rules: { 'typescript/no-explicit-any': 'off', 'typescript/no-floating-promises': 'off' } },
  ],
}
