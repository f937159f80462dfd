import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attune, newFolder, parsed, removeFolders, type Surroundings } from '../attune.test-support.ts'
import { makeDigits } from '../studies.test-support.ts'

afterAll(removeFolders)

const json = ({ output }: { readonly output: string }): ReturnType<typeof parsed> => parsed(output)

describe('what changes a study', () => {
  let own = ''
  beforeAll(async () => {
    own = join(await newFolder(), 'study.db')
    await makeDigits(own)
  })
  const change = (args: readonly string[], surroundings?: Surroundings): ReturnType<typeof attune> => attune([...args, '-s', own], surroundings)

  it('void takes a trial out, with its reason', async () => {
    const best = json(await change(['show', 'digits', '--json'])).study.best[0].number as number
    expect((await change(['void', 'digits', String(best), '--reason', 'mixed up'])).output).toBe(`Trial ${best} of digits is void.\n`)
    expect(json(await change(['show', 'digits', '--json'])).study.best[0].number).not.toBe(best)
    expect((await change(['show', 'digits', '--trial', String(best)])).output).toMatch(/^  void +mixed up$/m)
    const [correction] = json(await change(['show', 'digits', '--json'])).corrections
    expect(correction).toMatchObject({ what: 'void', number: best, by: 'attune', note: 'mixed up', before: null, after: 'mixed up' })
    expect((await change(['void', 'digits', '4', '--reason', 'too', '--by', 'somebody'])).code).toBe(0)
    expect((await change(['show', 'digits'])).output).toMatch(/^  \S+ \S+ +void trial 4 +somebody +too$/m)
    expect(json(await change(['void', 'digits', '5', '--reason', 'no data', '--json']))).toMatchObject({ study: 'digits', trial: { number: 5, voided: 'no data' } })
  })

  it('restore takes a void back, and refuses a trial that is not void', async () => {
    expect((await change(['void', 'digits', '6', '--reason', 'no data'])).code).toBe(0)
    expect((await change(['restore', 'digits', '6', '--reason', 'there was', '--by', 'somebody'])).output).toBe('Trial 6 of digits counts again.\n')
    expect((await change(['show', 'digits'])).output).toMatch(/^  \S+ \S+ +restore trial 6 +somebody +there was$/m)
    expect(json(await change(['show', 'digits', '--trial', '6', '--json'])).trial.voided).toBe(null)
    expect(await change(['restore', 'digits', '6', '--reason', 'again'])).toMatchObject({ code: 1, errors: expect.stringContaining('6') })
  })

  it('copy copies, and refuses a name that is taken', async () => {
    expect((await change(['copy', 'digits', 'copied'])).output).toBe('Copied digits as copied.\n')
    expect(json(await change(['copy', 'digits', 'again', '--json']))).toMatchObject({ study: 'again' })
    expect(await change(['copy', 'digits', 'again'])).toMatchObject({ code: 1, errors: expect.stringContaining('again') })
  })

  it('rename gives another name, and refuses one that is taken', async () => {
    expect((await change(['rename', 'copied', 'renamed'])).output).toBe('Renamed copied to renamed.\n')
    expect((await change(['show', 'copied'])).code).toBe(3)
    expect(await change(['rename', 'renamed', 'digits'])).toMatchObject({ code: 1, errors: expect.stringContaining('digits') })
    expect(json(await change(['rename', 'renamed', 'copied', '--json']))).toMatchObject({ study: 'copied' })
  })

  it('delete asks on a terminal, and needs --yes elsewhere', async () => {
    expect(await change(['delete', 'again'])).toMatchObject({ code: 2, errors: expect.stringContaining('--yes') })
    const refused = await change(['delete', 'again'], { typed: 'n\n', columns: 80 })
    expect(refused).toMatchObject({ code: 1, errors: expect.stringContaining('Delete study again with 21 trials, for good? [y/N]') })
    expect((await change(['delete', 'again'], { typed: 'y\n', columns: 80 })).code).toBe(0)
    expect((await change(['show', 'again'])).code).toBe(3)
    expect(json(await change(['delete', 'copied', '--yes', '--json']))).toEqual({ study: 'copied', trials: 21 })
  })
})
