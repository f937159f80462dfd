import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { createStudy, float, loadStudy, minimize, type Json, type SamplerFactory } from '@attune/core'
import { nodeHost } from '@attune/node'
import { sqlite, SqliteStorage } from '@attune/storage'
import stringWidth from 'string-width'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { attune, endAll, newFolder, parsed, removeFolders, start, type Surroundings } from './attune.test-support.ts'
import { makeConstrained, makeDigits, makeFront } from './studies.test-support.ts'

let file = ''
beforeAll(async () => {
  file = join(await newFolder(), 'study.db')
  await makeDigits(file)
  await makeFront(file)
  await makeConstrained(file)
})
afterEach(endAll)
afterAll(removeFolders)

const front = '手書き数字 ✏️'
const commands = ['studies', 'show', 'export', 'report', 'worker', 'void', 'restore', 'copy', 'rename', 'delete']
/** The only document on the output. */
const json = ({ output }: { readonly output: string }): ReturnType<typeof parsed> => {
  expect(output.trimEnd().split('\n')).toHaveLength(1)
  return parsed(output)
}
const read = (args: readonly string[], surroundings?: Surroundings): ReturnType<typeof attune> => attune([...args, '--storage', file], surroundings)
const lines = (text: string): readonly string[] => text.trimEnd().split('\n')

describe('help', () => {
  it('lists every command, within 80 columns', async () => {
    const { code, output, errors } = await attune(['--help'])
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
    for (const command of commands) expect(output).toMatch(new RegExp(`^  ${command} `, 'm'))
    expect(lines(output).filter((line) => stringWidth(line) > 80)).toEqual([])
  })

  it.each(commands)('explains %s, with an example', async (command) => {
    const { code, output } = await attune([command, '--help'])
    expect(code).toBe(0)
    expect(output).toMatch(new RegExp(`^Usage: attune ${command} `))
    expect(output).toMatch(new RegExp(`^  \\$ .*attune ${command}`, 'm'))
    expect(lines(output).filter((line) => stringWidth(line) > 80)).toEqual([])
  })

  it('comes on the error stream, as wrong usage, where no command is given', async () => {
    const { code, output, errors } = await attune([])
    expect({ code, output }).toEqual({ code: 2, output: '' })
    expect(errors).toContain('Usage: attune')
  })

  it('tells the version', async () => {
    const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
    expect(await attune(['--version'])).toEqual({ code: 0, output: `${version}\n`, errors: '' })
  })
})

describe('studies', () => {
  it('lists all, aligned by what a terminal shows, also with wide names', async () => {
    const { code, output } = await read(['studies'], { columns: 80, environment: { NO_COLOR: '1' } })
    expect(code).toBe(0)
    const [head, ...rows] = lines(output)
    expect(head).toMatch(/^study +state +trials +failed +running +best +last activity$/)
    expect(rows.map((row) => row.split(/  +/).slice(0, 3))).toEqual([['digits', 'done', '20/20'], [front, 'stopped', '2'], ['constrained', 'new', '0']])
    const columnOf = (line: string, word: string): number => stringWidth(line.slice(0, line.indexOf(word)))
    expect([columnOf(rows[0]!, 'done'), columnOf(rows[1]!, 'stopped'), columnOf(rows[2]!, 'new')]).toEqual(Array(3).fill(columnOf(head!, 'state')))
    expect(lines(output).filter((line) => stringWidth(line) > 80)).toEqual([])
  })

  it('tells programs the same', async () => {
    const { studies } = json(await read(['studies', '--json']))
    expect(studies).toMatchObject([{ name: 'digits', state: 'done', goal: 20 }, { name: front, state: 'stopped', goal: null }, { name: 'constrained', state: 'new', goal: null }])
    expect(Object.keys(studies[0])).toEqual(['name', 'id', 'state', 'goal', 'counts', 'objectives', 'best', 'createdAt', 'lastActivityAt'])
    expect(studies[0].best).toMatchObject([{ values: [expect.any(Number)], params: { layers: expect.any(Number) } }])
    expect(studies[1].best.length).toBe(2)
    expect(studies[0].lastActivityAt).toBeGreaterThanOrEqual(studies[0].createdAt)
  })

  it('lists the others where one is damaged', async () => {
    const broken = join(await newFolder(), 'study.db')
    await makeFront(broken, 'whole')
    await makeFront(broken, 'torn')
    const { DatabaseSync } = await import('node:sqlite')
    const database = new DatabaseSync(broken)
    database.exec(`delete from changes where study = (select key from studies where name = 'torn') and revision = 2`)
    database.close()
    const { code, output } = await attune(['studies', '-s', broken])
    expect(code).toBe(0)
    expect(output).toMatch(/^whole +stopped/m)
    expect(output).toMatch(/^torn +unreadable/m)
    expect(output).toMatch(/^! torn: /m)
  })
})

describe('show', () => {
  it('shows a study within 80 columns', async () => {
    const { code, output } = await read(['show', 'digits'], { columns: 80, environment: { NO_COLOR: '1' } })
    expect(code).toBe(0)
    expect(lines(output).filter((line) => stringWidth(line) > 80)).toEqual([])
    expect(output).toMatch(/^digits\n  state +done: 20 of 20 trials\n  trials +\d+ complete, \d+ pruned, 1 failed\n  objective +maximize accuracy\n/)
    expect(output).toMatch(/^  learningRate +float 0\.0001 to 0\.1, log +0\.\d+$/m)
    expect(output).toMatch(/^  optimizer\.type +choice adam \| sgd +(adam|sgd)$/m)
    expect(output).toMatch(/closed +21 +random@1, asha/)
    expect(output).toMatch(/^  ! tester: The data has a gap,.*\n    \S/m)
  })

  it('shows the front of several objectives', async () => {
    const { output } = await read(['show', front], { columns: 80, environment: { NO_COLOR: '1' } })
    expect(output).toMatch(/^  trial +accuracy +latency +parameters$/m)
    expect(output).toMatch(/^ +1 +0\.25 +1 +a-parameter-.*…$/m)
    expect(lines(output).filter((line) => stringWidth(line) > 80)).toEqual([])
  })

  it('cuts nothing where it is no terminal', async () => {
    const { output } = await read(['show', front])
    expect(output).toMatch(/^ +1 +0\.25 +1 +a-parameter-with-a-name-that-is-much-longer-than-others=0\.33333 size=0\.25$/m)
  })

  it('shows a study without the functions of its space', async () => {
    expect((await read(['show', 'constrained'])).output).toMatch(/^  state +new: 0 trials$/m)
  })

  it('shows one trial in full, with a failure that cannot write on the terminal', async () => {
    const { output } = await read(['show', 'digits', '--trial', '5'])
    expect(output).toMatch(/^digits, trial 5: failed\n/)
    expect(output).toMatch(/^  error +the loss is not finite$/m)
    expect(output).toMatch(/^    at /m)
    expect((await read(['show', 'digits', '--trial', '0'])).output).toMatch(/^ +step +accuracy +exact$/m)
  })

  it('shows why a trial has its parameters, and what was expected of it', async () => {
    const storage = join(await newFolder(), 'study.db')
    const sampler: SamplerFactory = { specVersion: 'v1', id: 'guesser', revision: 1, create: () => ({
      suggest: ({ number }) => ({ params: { x: 0.5 }, explanation: { model: 'a guess', why: 'It lies in the \u001b[31mmiddle.', ...(number === 0 ? {} : { predicted: [{ metric: 'loss', mean: 0.25, deviation: 0.5 }, { metric: 'size', mean: 1e6, deviation: 0 }] }) } }),
    }) }
    const study = await createStudy({ name: 'guessed', storage: sqlite(storage), space: { x: float(0, 1) }, objective: [minimize('loss'), minimize('size')], sampler })
    await study.enqueue({ x: 0.1 })
    await study.optimize(() => ({ loss: 1, size: 2 }), { trials: 3 })
    await study.close()
    const show = async (trial: number): Promise<string> => (await attune(['show', 'guessed', '--trial', String(trial), '-s', storage])).output
    expect(await show(0)).not.toMatch(/why|expected/)
    const shown = await show(1)
    expect(shown).toMatch(/^  from +guesser@1\n  model +a guess\n  why +It lies in the .*middle\.\n  expected +loss 0\.25 ± 0\.5, size 1e6 ± 0$/m)
    expect(shown).not.toContain('\u001b')
  })

  it('tells programs the definition, the workers and the warnings', async () => {
    const shown = json(await read(['show', 'digits', '--json']))
    expect(Object.keys(shown)).toEqual(['study', 'workers', 'corrections', 'warnings'])
    expect(shown.study).toMatchObject({ name: 'digits', seed: 7, metrics: null, space: { format: 'attune-space/1' } })
    expect(shown.workers).toMatchObject([{ state: 'closed', sampler: 'random@1', pruner: 'asha', ended: 21 }])
    expect(shown.warnings).toMatchObject([{ source: 'tester', trial: null }])
    expect(json(await read(['show', 'digits', '--trial', '5', '--json']))).toMatchObject({ study: 'digits', trial: { number: 5, state: 'failed', checkpoint: null, failure: { reason: 'error' } } })
  })

  it('knows a process that has died from one that works', async () => {
    const storage = join(await newFolder(), 'study.db')
    const study = await createStudy({ name: 'held', storage: sqlite(storage), space: { x: float(0, 1) }, use: [{ register: (registry) => registry.factory(Symbol.for('@attune/core/Host'), [], () => ({ ...nodeHost(), identity: nodeHost().identity.replace(/\/\d+\//, '/4194303/') })) }] })
    await study.ask()
    expect(json(await attune(['show', 'held', '--json', '-s', storage])).workers).toMatchObject([{ state: 'gone', running: [0] }])
    expect((await attune(['show', 'held', '-s', storage])).output).toContain('1 running (1 cut off: the next process goes on with it)')
    await study.close()
  })
})

describe('export', () => {
  it('keeps every number exactly, in every format', async () => {
    const storage = await SqliteStorage.open(file)
    const trials = (await loadStudy({ storage, name: 'digits' })).trials()
    await storage.close()
    const wanted = trials.map(({ metrics }) => metrics['exact'])
    expect(wanted).toEqual(expect.arrayContaining([NaN, Infinity, -0]))
    const { output: document } = await read(['export', 'digits', '--format', 'json'])
    expect(parsed(document).trials.map(({ metrics }: { metrics: { exact?: Json } }) => metrics.exact)).toEqual(wanted)
    const { output: rows } = await read(['export', 'digits', '--format', 'jsonl'])
    expect(lines(rows).map((line) => parsed(line).metrics.exact)).toEqual(wanted)
    const { output: table } = await read(['export', 'digits'])
    const [head, ...records] = table.trimEnd().split('\r\n').map((line) => line.split(','))
    expect(records.map((record) => record[head!.indexOf('metrics.exact')])).toEqual(wanted.map((value) => (value === undefined ? '' : Object.is(value, -0) ? '-0' : String(value))))
  })

  it('writes a file, in the format of its ending', async () => {
    const output = join(await newFolder(), 'trials.jsonl')
    const { output: said } = await read(['export', 'digits', '-o', output])
    expect(said).toBe(`Wrote 21 trials to ${output}.\n`)
    expect(lines(await readFile(output, 'utf8'))).toHaveLength(21)
    expect(json(await read(['export', 'digits', '-o', output, '--format', 'csv', '--json']))).toEqual({ study: 'digits', file: output, format: 'csv', trials: 21 })
    expect(await readFile(output, 'utf8')).toMatch(/^number,state,/)
  })

  it('with --json prints one document', async () => {
    expect(json(await read(['export', 'digits', '--json'])).trials).toHaveLength(21)
  })
})

it('report writes the page', async () => {
  const page = join(await newFolder(), 'report.html')
  expect(json(await read(['report', 'digits', '--output', page, '--title', 'My digits', '--json']))).toEqual({ study: 'digits', file: page, trials: 21 })
  expect(await readFile(page, 'utf8')).toContain('<h1>My digits</h1>')
})

describe('exit codes', () => {
  it.each([
    ['0 for what is done', 0, ['studies'], ''],
    ['1 for what fails: a file that cannot be written', 1, ['export', 'digits', '-o', '/there is no such folder/x.csv'], 'cannot be written'],
    ['2 for an unknown command, with the nearest', 2, ['studys'], 'Did you mean studies?'],
    ['2 for an unknown option, with the nearest', 2, ['studies', '--jsn'], 'Did you mean --json?'],
    ['2 for an argument that is missing', 2, ['show'], "missing required argument 'study'"],
    ['2 for an option that is missing', 2, ['void', 'digits', '1'], '--reason <text>'],
    ['2 for a number that is none', 2, ['void', 'digits', 'one', '--reason', 'x'], 'whole number from 0'],
    ['2 for a format that does not exist', 2, ['export', 'digits', '--format', 'xml'], 'csv, json, jsonl'],
    ['3 for a study that does not exist, with the nearest', 3, ['show', 'digit'], 'Did you mean "digits"?'],
    ['3 for a trial that does not exist', 3, ['show', 'digits', '--trial', '99'], 'it has 21 trials'],
    ['3 for a trial that does not exist and cannot be void', 3, ['void', 'digits', '99', '--reason', 'x'], 'no trial 99'],
  ])('%s', async (_, code, args, message) => {
    const ended = await read(args)
    expect(ended.code, ended.errors).toBe(code)
    expect(ended.errors.toLowerCase()).toContain(message.toLowerCase())
    if (code === 0) return
    expect(lines(ended.errors)).toHaveLength(1)
    expect(ended.output).toBe('')
    // And for programs, one document that says the same.
    const { error } = json(await read([...args, '--json']))
    expect(error).toMatchObject({ code: expect.stringMatching(/^[A-Z_]+$/), exitCode: code })
    expect(ended.errors).toContain(error.message)
  })

  it('3 for a file that does not exist, which no command makes', async () => {
    const missing = join(await newFolder(), 'missing.db')
    for (const args of [['studies'], ['show', 'x'], ['export', 'x'], ['report', 'x', '-o', 'x.html'], ['void', 'x', '1', '--reason', 'y'], ['restore', 'x', '1', '--reason', 'y'], ['copy', 'x', 'y'], ['rename', 'x', 'y'], ['delete', 'x', '--yes'], ['worker', '--study', 'x', '--trainer', 'y']]) {
      const { code, errors } = await attune([...args, '-s', missing])
      expect(code, errors).toBe(3)
      expect(errors).toContain(`There is no file ${missing}`)
      expect(existsSync(missing)).toBe(false)
    }
  })

  it('1 for a file that is something else', async () => {
    const other = join(await newFolder(), 'other.db')
    await writeFile(other, 'not a database, whatever its name says'.repeat(100))
    const { code, errors } = await attune(['studies', '-s', other])
    expect(code).toBe(1)
    expect(errors).toContain(other)
  })

  it('2 where nobody says which file, unless ATTUNE_STORAGE does', async () => {
    expect(await attune(['studies'])).toMatchObject({ code: 2, errors: expect.stringContaining('ATTUNE_STORAGE') })
    expect(await attune(['studies'], { environment: { ATTUNE_STORAGE: file } })).toMatchObject({ code: 0, errors: '' })
    expect((await attune(['studies'], { environment: { ATTUNE_STORAGE: `${file}x` } })).errors).toContain('(from ATTUNE_STORAGE)')
  })

  it('are those of the process', async () => {
    expect(await start(['show', 'digit', '-s', file]).ended).toMatchObject({ code: 3, output: '' })
    expect(await start(['studies', '--json'], { ATTUNE_STORAGE: file }).ended).toMatchObject({ code: 0, errors: '' })
  })
})

describe('what is printed', () => {
  it('has a stack only where it is asked for', async () => {
    expect((await read(['show', 'digit'])).errors).not.toMatch(/^\s+at /m)
    expect((await read(['show', 'digit', '--verbose'])).errors).toMatch(/^\s+at /m)
  })

  it('has colours on a terminal alone, and not with NO_COLOR', async () => {
    const coloured = async (surroundings: Surroundings): Promise<boolean> => {
      const { output, errors } = await attune(['show', 'digits', '-s', file], surroundings)
      const failed = await attune(['foo'], surroundings)
      return output + errors + failed.errors !== stripVTControlCharacters(output + errors + failed.errors)
    }
    expect(await coloured({ columns: 80 })).toBe(true)
    expect(await coloured({ columns: 80, environment: { NO_COLOR: '1' } })).toBe(false)
    expect(await coloured({})).toBe(false)
  })

  it('may be read in part: a reader that stops is no error', async () => {
    const many = start(['export', 'digits', '--format', 'jsonl', '-s', file])
    many.child.stdout!.destroy()
    expect(await many.ended).toMatchObject({ code: 0, errors: '' })
  })
})
