// What Attune promises, in the words of users, and how its tests are found: each has a title that begins with the promise's number.
import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** @type {ReadonlyMap<string, string>} */
export const promises = new Map(Object.entries({
  P1: 'A result that was told is still there after `kill -9`; with `durability: \'full\'` it is on the disk before `tell` resolves.',
  P2: 'Trial numbers are unique and gapless, however many processes create trials.',
  P3: 'A trial that has ended never changes its state again.',
  P4: 'A process that was frozen and lost its trial cannot overwrite what others did since.',
  P5: 'A trial whose process died goes on once, with the same number and parameters.',
  P6: 'Code that blocks the event loop does not lose its trial.',
  P7: 'An answer of the storage that is lost on the way doubles nothing.',
  P8: 'A TensorBoard event file reads as a valid prefix after any crash, and is mended when it is opened again.',
  P9: 'No lock is taken over because time has passed.',
  P10: 'The same seed and history give the same suggestions, after a restart too.',
  P11: 'Every number comes back as it was, NaN, infinities and −0 included.',
  P12: 'What you read is a snapshot: nobody changes it under you.',
  P13: 'A logger can neither fail nor stall a trial, and catches up later.',
  P14: 'A checkpoint is whole or absent; if the last one is damaged, the one before it is used, and you are told.',
  P15: 'Old files open, newer ones are refused clearly, and a change of format happens whole or not at all.',
  P16: 'Stopping is bounded, and leaves no process, timer or lease.',
  P17: 'One failing trial, plugin or reader does not take the study down.',
  P18: 'SQLite is used within its limits: many writers, short transactions, fair turns, an intact file.',
  P19: 'Memory stays bounded over 100,000 trials, but for the history itself.',
}))

/**
 * @typedef {object} Shown
 * @property {string} promise
 * @property {string} path from the root, with forward slashes
 * @property {string} title without the number
 * @property {boolean} twin true for a test that a deliberately broken implementation is caught
 */

const ignored = new Set(['node_modules', 'dist', 'out', 'docs', '.git', '.python', '.peers'])
const title = /(['"`])(P\d+(?:, P\d+)*)(, broken twin)?: ((?:\\.|(?!\1)[^\\\n])+)\1/g

/** @returns {readonly string[]} paths of the tests and conformance suites, sorted */
function files(folder = '') {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (ignored.has(entry.name)) return []
      if (entry.isDirectory()) return files(path)
      return entry.name.endsWith('.test.ts') || (entry.name.endsWith('.ts') && path.includes(join('packages', 'testing', 'src'))) ? [path] : []
    })
    .sort()
}

/** @returns {readonly Shown[]} */
export function shown() {
  return files().flatMap((path) =>
    Array.from(readFileSync(join(root, path), 'utf8').matchAll(title), ([, , ids = '', twin, text = '']) =>
      ids.split(', ').map((promise) => {
        // The broken versions of a conformance suite name the cases that catch them.
        const ofSuite = path.includes(`${sep}broken${sep}`)
        // What a title is filled with differs from case to case.
        const told = text.replaceAll(/\\(.)/g, '$1').replaceAll(/ \((?:%s|\$name|\$\{[^}]*\})\)/g, '').replaceAll(/%[sdi]|\$\{[^}]*\}/g, '…')
        return { promise, path: path.split(sep).join('/'), title: ofSuite ? `caught by “${told}”` : told, twin: ofSuite || twin !== undefined }
      }),
    ).flat(),
  )
}

/** The table of the README. */
export function summaryTable(tests = shown()) {
  const rows = [...promises].map(([id, text]) => {
    const own = tests.filter(({ promise }) => promise === id)
    const twins = own.filter(({ twin }) => twin).length
    return `| [${id}](docs/promises.md#${id.toLowerCase()}) | ${text} | ${own.length - twins} | ${twins} |`
  })
  return ['| | promise | tests | broken versions caught |', '|---|---|---|---|', ...rows].join('\n')
}

/** Lines that are there several times, once each with their number. */
function counted(/** @type {readonly string[]} */ lines) {
  return [...new Set(lines)].map((line) => {
    const times = lines.filter((other) => other === line).length
    return times === 1 ? line : `${line}, ${times} times`
  })
}

/** The page with every test. */
export function promisePage(tests = shown()) {
  const sections = [...promises].map(([id, text]) => {
    const own = tests.filter(({ promise }) => promise === id)
    const line = (/** @type {Shown} */ test) => `- ${test.title.replaceAll(/([<>|*_])/g, '\\$1')} ([${test.path.split('/').at(-1)}](../${test.path}))`
    const twins = own.filter(({ twin }) => twin)
    return [`## ${id}`, text, '', ...counted(own.filter(({ twin }) => !twin).map(line)), ...(twins.length === 0 ? [] : ['', 'Deliberately broken, and caught:', '', ...counted(twins.map(line))])].join('\n')
  })
  return ['# What Attune promises, and the tests that show it', '', 'Generated from the titles of the tests by `node scripts/promises.mjs`; all of them run in `npm test`. A broken version is an implementation that breaks the promise on purpose: the tests must reject it.', '', sections.join('\n\n'), ''].join('\n')
}
