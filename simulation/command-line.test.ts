import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

describe.each(['simulate.ts', 'soak/main.ts'])('%s', (file) => {
  const program = fileURLToPath(new URL(`src/${file}`, import.meta.url))
  const run = (...args: readonly string[]): object => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=attune-source', '--disable-warning=ExperimentalWarning', program, ...args], { encoding: 'utf8' })
    return { status, stdout, stderr }
  }

  it('says what options there are', () => {
    for (const args of [['--help'], ['--', '-h']]) expect(run(...args)).toEqual({ status: 0, stdout: expect.stringMatching(/^Usage: npm run \w+ -- \[options\]\n[^]*--seed <number>/), stderr: '' })
  })

  it.each([
    [['--sed', '1'], "Unknown option '--sed'"],
    [['7'], "Unexpected argument '7'"],
    [['--seed'], "Option '--seed <value>' argument missing"],
    [['--seed', 'x'], '--seed is a whole number from 0, not "x"'],
  ] as const)('refuses %j in one line', (args, why) => {
    expect(run(...args)).toEqual({ status: 2, stdout: '', stderr: `${why}. With --help it says what there is.\n` })
  })
})
