// Processes that share a tracker: they close the study, or are killed (SIGKILL), and the next one goes on logging.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { loadStudy, sqlite } from '../../packages/attune/src/index.ts'
import { startProgram, temporaryFolder, type WorkerProcess } from './workers.test-support.ts'

const program = fileURLToPath(new URL('./logging-worker.test-support.ts', import.meta.url))

async function startThree(folder: string, alone: boolean): Promise<readonly [WorkerProcess, WorkerProcess, WorkerProcess]> {
  const workers: WorkerProcess[] = []
  // One after the other, so that it is known whose turn it is.
  for (let i = 0; i < 3; i++) {
    const worker = startProgram(program, [folder, ...(alone ? ['alone'] : [])])
    await worker.line((line) => line === 'open')
    workers.push(worker)
  }
  return workers as [WorkerProcess, WorkerProcess, WorkerProcess]
}

async function tell(worker: WorkerProcess, command: 'run' | 'stop' | 'freeze'): Promise<void> {
  worker.child.stdin.write(`${command}\n`)
  await worker.line((line) => line === command)
}

async function close(worker: WorkerProcess): Promise<void> {
  worker.child.stdin.write('close\n')
  expect(await worker.ended).toBe(0)
}

function linesOf(folder: string): readonly (readonly string[])[] {
  return readFileSync(`${folder}/log.txt`, 'utf8').trimEnd().split('\n').map((line) => line.split(' '))
}

/** The processes that wrote lines, in their order. */
function writersOf(lines: readonly (readonly string[])[]): readonly number[] {
  return lines.map(([, , pid]) => Number(pid)).filter((pid, i, all) => pid !== all[i - 1])
}

/** What is wrong with the log, and the processes that wrote it, in their order. */
async function judge(folder: string): Promise<{ readonly problems: readonly string[]; readonly writers: readonly number[]; readonly warnings: readonly string[] }> {
  const lines = linesOf(folder)
  const logged = lines.map(([revision, type]) => `${revision} ${type}`)
  const told: string[] = []
  const warnings: string[] = []
  const study = await loadStudy({ storage: sqlite(`${folder}/study.db`), name: 'logged' })
  for await (const event of study.events()) {
    told.push(`${event.revision} ${event.type}`)
    if (event.type === 'warning') warnings.push(event.message)
  }
  await study.close()
  const problems: string[] = []
  const twice = logged.length - new Set(logged).size
  const known = new Set(logged)
  const missing = told.filter((event) => !known.has(event))
  if (twice > 0) problems.push('Events are there twice.')
  if (missing.length > 0) problems.push(`${missing.length} events are missing, the first one ${missing[0]!}.`)
  if (JSON.stringify(logged) !== JSON.stringify(told)) problems.push('It is not what happened, in its order.')
  return { problems, writers: writersOf(lines), warnings }
}

const logged = (line: string): boolean => line.startsWith('logged ')
const pids = (workers: readonly WorkerProcess[]): readonly number[] => workers.map(({ child }) => child.pid!)

/** All three work; they close the study one after the other. */
async function closeInTurn(folder: string, alone = false): Promise<readonly WorkerProcess[]> {
  const workers = await startThree(folder, alone)
  await Promise.all(workers.map((worker) => tell(worker, 'run')))
  for (const worker of workers) {
    await worker.line(logged) // It is its turn.
    await tell(worker, 'stop')
    await close(worker)
  }
  return workers
}

test('P13: of three processes that share a tracker one logs for all, and when it closes the study the next one goes on: each event is there once, in order', { timeout: 180_000 }, async () => {
  const folder = temporaryFolder()
  const workers = await closeInTurn(folder)
  expect(await judge(folder)).toEqual({ problems: [], writers: pids(workers), warnings: [] })
})

test('P13: when the process that logs for all is killed, the next one goes on from what the tracker has: each event is there once, in order', { timeout: 180_000 }, async () => {
  const folder = temporaryFolder()
  const workers = await startThree(folder, false)
  await Promise.all(workers.map((worker) => tell(worker, 'run')))
  for (const worker of workers.slice(0, 2)) {
    await worker.line(logged)
    worker.child.kill('SIGKILL')
    expect(await worker.ended).toBe('SIGKILL')
  }
  const [, , last] = workers
  await last.line(logged)
  await tell(last, 'stop')
  await close(last)
  expect(await judge(folder)).toEqual({ problems: [], writers: pids(workers), warnings: [] })
})

test('P13: when the process that logs for all is frozen for longer than its lease, the next one goes on, and the first one lets go when it wakes up: no event is missing', { timeout: 180_000 }, async () => {
  const folder = temporaryFolder()
  const workers = await startThree(folder, false)
  const [frozen, next, last] = workers
  await Promise.all(workers.map((worker) => tell(worker, 'run')))
  await frozen.line(logged)
  await tell(frozen, 'freeze')
  await next.line(logged)
  frozen.child.kill('SIGCONT')
  await frozen.line((line) => line === 'let go')
  const before = linesOf(folder).length
  const known = next.lines.filter(logged).length
  await next.line((line) => line === `logged ${50 * (known + 2)}`)
  expect(writersOf(linesOf(folder).slice(before))).toEqual(pids([next]))
  await Promise.all(workers.map((worker) => tell(worker, 'stop')))
  for (const worker of [next, last, frozen]) await close(worker)
  const { problems } = await judge(folder)
  // What it wrote after it had woken up may be there twice.
  expect(problems.filter((problem) => problem.includes('missing'))).toEqual([])
})

test('P13: a process that only waits takes over what the others have left when it closes the study', { timeout: 180_000 }, async () => {
  const folder = temporaryFolder()
  const [first, second, idle] = await startThree(folder, false)
  await tell(first, 'run')
  await tell(second, 'run')
  await first.line(logged)
  first.child.kill('SIGKILL')
  await first.ended
  await second.line(logged)
  second.child.kill('SIGKILL')
  await second.ended
  // Whatever was logged before the kill: this is left.
  const study = await loadStudy({ storage: sqlite(`${folder}/study.db`), name: 'logged' })
  await study.setAttribute('left', 'by the others')
  await study.close()
  await close(idle)
  expect(await judge(folder)).toMatchObject({ problems: [], writers: pids([first, second, idle]) })
})

test('P13, broken twin: processes that each log to a shared tracker are found out', { timeout: 180_000 }, async () => {
  const folder = temporaryFolder()
  await closeInTurn(folder, true)
  expect((await judge(folder)).problems).toEqual(['Events are there twice.', 'It is not what happened, in its order.'])
})
