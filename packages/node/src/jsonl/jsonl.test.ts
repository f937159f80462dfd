import { execFileSync } from 'node:child_process'
import { appendFile, mkdir, readdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createStudy, float, minimize, MemoryStorage, systemClock } from '@attune/core'
import type { Logger, SamplerFactory, Study, StudyEvent } from '@attune/core'
import { loggerContext } from '@attune/testing'
import { describe, expect, it } from 'vitest'
import { faults, keptMetrics, readFolder, readLines, temporaryFolder } from './files.test-support.ts'
import { jsonl } from './jsonl.ts'
import type { JsonlOptions } from './jsonl.ts'

async function open(storage: MemoryStorage, options: JsonlOptions, name = 'digits'): Promise<Study<{ x: number }>> {
  return (await createStudy({ name, storage, ifExists: 'resume', seed: 3, space: { x: float(0, 1) }, objective: minimize('loss'), loggers: [jsonl(options)] })) as Study<{ x: number }>
}

async function* training({ params: { x } }: { readonly params: { readonly x: number } }): AsyncGenerator<{ readonly step: number; readonly loss: number }, void, void> {
  for (let step = 1; step <= 3; step++) yield { step, loss: x / step }
}

async function eventsOf(study: Study<{ x: number }>): Promise<readonly StudyEvent[]> {
  const events: StudyEvent[] = []
  for await (const event of study.events()) events.push(event)
  return events
}

/** A history, and the whole log of it. */
async function history(folder: string, name = 'digits'): Promise<{ readonly events: readonly StudyEvent[]; readonly text: string; readonly id: string; readonly storage: MemoryStorage }> {
  const storage = new MemoryStorage(systemClock)
  const study = await open(storage, { folder }, name)
  await study.optimize(training, { trials: 2 })
  const events = await eventsOf(study)
  await study.close()
  const [file] = (await readdir(folder)).filter((each) => each.startsWith(name))
  return { events, text: await readFile(join(folder, file!), 'utf8'), id: study.summary.id, storage }
}

const logger = async (options: JsonlOptions, id: string, name = 'digits'): Promise<Logger> => jsonl(options).create(loggerContext({ id, definition: { name } }))

async function send(to: Logger, events: readonly StudyEvent[]): Promise<void> {
  for (const event of events) if (event.revision > (to.cursor as number)) expect(await to.log(event)).toBeUndefined()
}

describe('a log of JSON lines', () => {
  it('has each event once, in one line of kind `event`', async () => {
    await using folder = await temporaryFolder()
    const { events } = await history(folder.path)
    const lines = await readFolder(folder.path)
    expect(lines.filter(({ kind }) => kind === 'event').map(({ event, revision }) => [event, revision])).toEqual(events.map(({ type, revision }) => [type, revision]))
    expect(faults(lines)).toEqual([])
    expect(new Set(lines.map((line) => Object.keys(line).join())).size).toBe(1)
  })

  it('has what a sampler decided, with its reason', async () => {
    await using folder = await temporaryFolder()
    const sampler: SamplerFactory = { specVersion: 'v1', id: 'choosy', revision: 1, create: (problem) => ({
      suggest({ number }) {
        problem.remark(number < 2 ? 'begins in the middle, which is near to everything' : 'goes on at the end')
        return { params: { x: 0.5 } }
      },
    }) }
    const study = await createStudy({ name: 'digits', storage: new MemoryStorage(systemClock), space: { x: float(0, 1) }, sampler, loggers: [jsonl({ folder: folder.path })] })
    await study.optimize(() => 1, { trials: 4 })
    await study.close()
    const remarks = (await readFolder(folder.path)).filter(({ event }) => event === 'remark')
    expect(remarks).toMatchObject([
      { kind: 'event', name: 'choosy', type: 'text', text: 'begins in the middle, which is near to everything', trial: null },
      { kind: 'event', name: 'choosy', type: 'text', text: 'goes on at the end', trial: null },
    ])
  })

  it('can be read while it grows: what was logged is in the file', async () => {
    await using folder = await temporaryFolder()
    const { events, id } = await history(join(folder.path, 'other'))
    const path = join(folder.path, 'digits.jsonl')
    const log = await logger({ path }, id)
    for (const event of events) {
      await log.log(event)
      if (event.more === true) continue
      expect((await readLines(path)).at(-1)).toMatchObject({ revision: event.revision, event: event.type })
    }
    await log.close()
  })

  it('P8: a log of JSON lines that was torn anywhere is mended when it is opened again', async () => {
    await using folder = await temporaryFolder()
    const { events, text, id } = await history(join(folder.path, 'other'))
    const path = join(folder.path, 'digits.jsonl')
    const bytes = Buffer.from(text)
    for (let end = 0; end < bytes.length; end += 1 + (end % 37)) {
      await writeFile(path, bytes.subarray(0, end))
      const log = await logger({ path }, id)
      await send(log, events)
      await log.close()
      expect(await readFile(path, 'utf8')).toBe(text)
    }
  })

  it('is whole again after a power failure that left zeros at its end', async () => {
    await using folder = await temporaryFolder()
    const { events, text, id } = await history(join(folder.path, 'other'))
    const path = join(folder.path, 'digits.jsonl')
    await writeFile(path, text.slice(0, 3000))
    await truncate(path, 5000)
    await appendFile(path, '\n')
    const log = await logger({ path }, id)
    await send(log, events)
    await log.close()
    expect(await readFile(path, 'utf8')).toBe(text)
  })

  it('leaves a file alone that is no log of its study, and says what to do', async () => {
    await using folder = await temporaryFolder()
    const { text, id } = await history(join(folder.path, 'other'))
    const path = join(folder.path, 'mine.jsonl')
    const contents = { 'is no log of Attune': ['some notes\n', '{"loss":1}\n', 'x', '{"format":true}\n'], 'is the log of another study ("digits")': [text], 'was written by a newer release (format 2, known is 1)': [text.replaceAll('"format":1', '"format":2')] }
    for (const [problem, texts] of Object.entries(contents)) {
      for (const content of texts) {
        await writeFile(path, content)
        await expect(logger({ path }, problem.includes('another') ? 'another' : id)).rejects.toMatchObject({ code: 'JSONL_FILE', message: expect.stringContaining(problem) })
        expect(await readFile(path, 'utf8')).toBe(content)
      }
    }
  })

  it('leaves a path to one of two studies that begin with it at the same moment, and keeps the other one waiting for nothing', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'both.jsonl')
    await writeFile(path, '')
    const contexts = ['first', 'second'].map((id) => loggerContext({ id, definition: { name: id } }))
    const [first, second] = (await Promise.all(contexts.map(async (context) => jsonl({ path }).create(context)))) as [Logger, Logger]
    const { events } = await history(join(folder.path, 'other'))
    await send(first, events)
    const before = await readFile(path, 'utf8')
    for (const event of events) expect(await second.log(event)).toBeUndefined()
    expect(second.cursor).toBe(0)
    await Promise.all([first.close(), second.close()])
    expect(await readFile(path, 'utf8')).toBe(before)
    expect([contexts[0]!.warnings, contexts[1]!.warnings]).toEqual([[], [expect.stringMatching(/is the log of another study \("first"\).*Give each study a path of its own.*The study goes on without this log\.$/)]])
  })

  it('goes on in a new file when one is full, and keeps as many as it should; no event is lost on the way', async () => {
    await using folder = await temporaryFolder()
    const { events, text, id } = await history(join(folder.path, 'other'))
    for (const files of [undefined, 2]) {
      const logs = join(folder.path, `logs ${String(files)}`)
      const options = { path: join(logs, 'digits.jsonl'), rotate: { bytes: 4000, ...(files === undefined ? {} : { files }) } }
      for (let from = 0; from < events.length; from += 7) {
        const log = await logger(options, id)
        await send(log, events.slice(0, from + 7))
        await log.close()
      }
      const names = (await readdir(logs)).toSorted()
      const whole = (await Promise.all([...names.filter((name) => name !== 'digits.jsonl'), 'digits.jsonl'].map((name) => readFile(join(logs, name), 'utf8')))).join('')
      if (files === undefined) expect(whole).toBe(text)
      else expect([text.endsWith(whole), names.length]).toEqual([true, 3])
      for (const name of names) expect((await stat(join(logs, name))).size).toBeLessThanOrEqual(4000)
      // Rotated, and then killed before the new file was made.
      await rename(join(logs, 'digits.jsonl'), join(logs, 'digits.000099.jsonl'))
      const log = await logger(options, id)
      expect(log.cursor).toBe(events.at(-1)!.revision)
      await log.close()
    }
  })

  it('goes on when its folder is deleted while the study runs, says so, and has everything once the rest is removed', async () => {
    await using folder = await temporaryFolder()
    const logs = join(folder.path, 'logs')
    const storage = new MemoryStorage(systemClock)
    const study = await open(storage, { folder: logs })
    const warnings: string[] = []
    study.on((event) => event.type === 'warning' && warnings.push(event.message))
    await study.optimize(training, { trials: 1 })
    await rm(logs, { recursive: true })
    await study.optimize(training, { trials: 3 })
    await study.close()
    expect(study.counts.complete).toBe(3)
    expect(warnings).toEqual([expect.stringMatching(/was removed while the study was logged to it, and goes on in a new file from revision \d+ on/)])
    expect(new Set(keptMetrics(await readFolder(logs)).map(({ trial }) => trial))).toEqual(new Set([1, 2]))
    await rm(logs, { recursive: true })
    const again = await open(storage, { folder: logs })
    await again.close()
    expect(new Set(keptMetrics(await readFolder(logs)).map(({ trial }) => trial))).toEqual(new Set([0, 1, 2]))
  })

  it('is not doubled by a process that was frozen while another took over', async () => {
    await using folder = await temporaryFolder()
    const { events, text, id } = await history(join(folder.path, 'other'))
    const path = join(folder.path, 'digits.jsonl')
    const frozen = await logger({ path }, id)
    await send(frozen, events.slice(0, 6))
    const other = await logger({ path }, id)
    await send(other, events.slice(0, 14))
    await send(frozen, events.slice(6, 20))
    await send(other, events)
    await send(frozen, events)
    await Promise.all([frozen.close(), other.close()])
    expect(await readFile(path, 'utf8')).toBe(text)
  })

  it('stays in the folder whatever a study is called, and in its file when the study is renamed', async () => {
    await using folder = await temporaryFolder()
    for (const name of ['../../outside', '/etc/passwd', 'C:\\con', 'nul', '..', '.', ' ', 'a/b//c', 'dots...', '\ud83dlone', 'é', 'e\u0301', 'x'.repeat(300)]) {
      const logs = join(folder.path, 'deep', 'logs')
      const log = await logger({ folder: logs }, `id of ${name}`, name)
      await log.close()
      const renamed = await logger({ folder: logs }, `id of ${name}`, 'renamed')
      await renamed.close()
      const files = await readdir(folder.path, { recursive: true })
      expect(files.filter((file) => !/^deep([\\/]logs([\\/][A-Za-z0-9_-]{1,51}\.jsonl)?)?$/.test(file))).toEqual([])
    }
    expect(await readdir(join(folder.path, 'deep', 'logs'))).toHaveLength(13)
  })

  it('stays in the file of a study that is renamed also after a kill between a rotation and the next line', async () => {
    await using folder = await temporaryFolder()
    const { events, id } = await history(folder.path)
    const [file = ''] = await readdir(folder.path)
    await rename(join(folder.path, file), join(folder.path, file.replace('.jsonl', '.000001.jsonl')))
    const renamed = await logger({ folder: folder.path }, id, 'renamed')
    expect(renamed.cursor).toBe(events.at(-1)!.revision)
    await renamed.close()
    expect((await readdir(folder.path)).toSorted()).toEqual([file.replace('.jsonl', '.000001.jsonl'), file])
  })

  it('stays where it is when a study changes the working folder of its process', async () => {
    await using folder = await temporaryFolder()
    const before = process.cwd()
    const storage = new MemoryStorage(systemClock)
    await mkdir(join(folder.path, 'other'))
    try {
      process.chdir(folder.path)
      const study = await open(storage, {})
      await study.optimize(({ params: { x } }) => {
        process.chdir(join(folder.path, 'other'))
        return x
      }, { trials: 3 })
      const events = await eventsOf(study)
      await study.close()
      expect((await readFolder(join(folder.path, 'attune-logs'))).filter(({ kind }) => kind === 'event').map(({ event }) => event)).toEqual(events.map(({ type }) => type))
      expect(await readdir(join(folder.path, 'other'))).toEqual([])
    } finally {
      process.chdir(before)
    }
  })

  it('looks at the beginning of a large file of somebody else alone', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'large')
    await writeFile(path, '')
    await truncate(path, 2 ** 40)
    await expect(logger({ path }, 'id')).rejects.toMatchObject({ code: 'JSONL_FILE', message: expect.stringContaining('is no log of Attune') })
    expect((await stat(path)).size).toBe(2 ** 40)
  })

  it('goes on before a torn end that is longer than any line', async () => {
    await using folder = await temporaryFolder()
    const { events, text, id } = await history(join(folder.path, 'other'))
    const path = join(folder.path, 'digits.jsonl')
    await writeFile(path, text.slice(0, 3000))
    await truncate(path, 100_000_000)
    await appendFile(path, '\n')
    const log = await logger({ path }, id)
    await send(log, events)
    await log.close()
    expect(await readFile(path, 'utf8')).toBe(text)
  })

  it('P8: a log whose revisions are longer than the pieces it is read in is mended wherever it was torn', async () => {
    await using folder = await temporaryFolder()
    const storage = new MemoryStorage(systemClock)
    const study = await open(storage, { folder: join(folder.path, 'other') })
    for (const length of [70_000, 65_536, 300_000, 10]) await study.setAttribute(`text of ${length}`, 'é'.repeat(length))
    const events = await eventsOf(study)
    await study.close()
    const [file = ''] = await readdir(join(folder.path, 'other'))
    const bytes = await readFile(join(folder.path, 'other', file))
    const path = join(folder.path, 'digits.jsonl')
    for (let end = bytes.length; end > 0; end -= 30_011) {
      await writeFile(path, bytes.subarray(0, end))
      const log = await logger({ path }, study.summary.id)
      await send(log, events)
      await log.close()
      expect((await readFile(path)).equals(bytes), `torn after ${end} bytes`).toBe(true)
    }
  })

  it.skipIf(process.platform === 'win32')('does not wait at a pipe (not on Windows, where pipes are no files)', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'pipe')
    execFileSync('mkfifo', [path])
    await expect(logger({ path }, 'id')).rejects.toMatchObject({ code: 'JSONL_FILE', message: expect.stringContaining('is a pipe') })
  })

  it.skipIf(process.platform !== 'linux')('says where no folder can be made, without a thread that tries for ever (on Linux, which has such a place)', async () => {
    await expect(logger({ folder: '/proc/attune/logs' }, 'id')).rejects.toMatchObject({ code: 'JSONL_WRITE' })
  })

  it('follows a link that the user made to another disk', async () => {
    await using folder = await temporaryFolder()
    await mkdir(join(folder.path, 'disk'))
    await symlink(join(folder.path, 'disk'), join(folder.path, 'logs'), 'junction')
    const { text } = await history(join(folder.path, 'logs'))
    expect(text).not.toBe('')
  })

  it('a study whose log cannot be made goes on without it', async () => {
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, 'file'), 'in the way')
    for (const options of [{ folder: join(folder.path, 'file') }, { path: join(folder.path, 'file', 'log.jsonl') }, { path: folder.path }, { path: join(folder.path, 'file') }]) {
      const study = await open(new MemoryStorage(systemClock), options)
      await study.optimize(training, { trials: 2 })
      const warnings = (await eventsOf(study)).flatMap((event) => (event.type === 'warning' ? [event.message] : []))
      await study.close()
      expect(warnings).toEqual([expect.stringMatching(/A file stands where a folder is needed|A folder stands where the file is needed|is no log of Attune/)])
      expect(study.counts.complete).toBe(2)
    }
    expect(await readFile(join(folder.path, 'file'), 'utf8')).toBe('in the way')
  })

  it.each<readonly [object, string]>([
    [{ path: '' }, 'jsonl({ path }) is a path'],
    [{ folder: 'a\0b' }, 'jsonl({ folder }) is a path'],
    [{ path: 'a', folder: 'b' }, 'not both'],
    [{ rotate: { bytes: 0 } }, 'rotate.bytes'],
    [{ rotate: { files: 1.5 } }, 'rotate.files'],
    [{ rotate: { size: 1 } }, 'has no option "size"'],
    [{ paht: 'x' }, 'has no option "paht"'],
  ])('refuses %o', (options, message) => {
    expect(() => jsonl(options)).toThrow(expect.objectContaining({ code: 'OPTION', message: expect.stringContaining(message) }) as Error)
  })
})

/** Mounts a file system that cannot be written; why not, if that cannot be done here. */
function mountReadOnly(folder: string): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', folder], { stdio: ['ignore', 'ignore', 'pipe'] })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

it('a read-only folder costs a study its log, not its trials', async ({ skip }) => {
  await using folder = await temporaryFolder()
  const disk = join(folder.path, 'disk')
  await mkdir(disk)
  const refused = mountReadOnly(disk)
  if (refused !== undefined) return skip(`not allowed by this machine: ${refused.split('\n')[0]}`)
  try {
    const study = await open(new MemoryStorage(systemClock), { folder: disk })
    await study.optimize(training, { trials: 2 })
    const warnings = (await eventsOf(study)).flatMap((event) => (event.type === 'warning' ? [event.message] : []))
    await study.close()
    expect(warnings).toEqual([expect.stringContaining('That file system is read-only: choose another path')])
    expect(study.counts.complete).toBe(2)
  } finally {
    execFileSync('umount', ['-l', disk])
  }
})
