import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { hasWalResetRace } from './library.ts'

describe('the version of SQLite', () => {
  it.each(['3.7.0', '3.44.5', '3.45.1', '3.49.2', '3.50.6', '3.51.2'])('%s has the write-ahead log race', (version) => {
    expect(hasWalResetRace(version)).toBe(true)
  })

  it.each(['3.44.6', '3.50.7', '3.51.3', '3.53.4', '4.0.0'])('%s has not', (version) => {
    expect(hasWalResetRace(version)).toBe(false)
  })

  it('does not race in the Node that runs the tests', () => {
    expect(hasWalResetRace(process.versions['sqlite'] ?? '0')).toBe(false)
  })
})

describe('a Node without SQLite', () => {
  it('can import the package, and is told the remedy when a file is opened', { timeout: 60_000 }, () => {
    const program = `const { sqlite } = await import('@attune/storage'); try { await sqlite('never.db').create() } catch (error) { console.log(error.code, error.message) }`
    const { stdout, stderr } = spawnSync(process.execPath, ['--no-experimental-sqlite', '--conditions=attune-source', '--input-type=module', '--eval', program], { cwd: import.meta.dirname, encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^STORAGE_NO_SQLITE .*needs Node 22\.13 or newer/)
  })
})
