import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KeptMetric } from '@attune/testing'

/** A line as it is read back. */
export interface ReadLine {
  readonly format: number
  readonly study: string
  readonly study_id: string
  readonly revision: number
  readonly line: number
  readonly lines: number
  readonly timestamp: string | null
  readonly event: string
  readonly kind: string
  readonly trial: number | null
  readonly attempt: number | null
  readonly state: string | null
  readonly step: number | null
  readonly name: string | null
  readonly type: string | null
  readonly value: number | null
  readonly text: string | null
  readonly who: string | null
}

/** A folder that is gone when the test is over: `await using folder = await temporaryFolder()`. */
export async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'attune jsonl '))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

export async function readLines(path: string): Promise<readonly ReadLine[]> {
  const text = await readFile(path, 'utf8')
  if (text !== '' && !text.endsWith('\n')) throw new Error(`${path} ends in the middle of a line`)
  return text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as ReadLine)
}

/** All lines of a folder of logs, rotated ones included, by study and revision. */
export async function readFolder(folder: string): Promise<readonly ReadLine[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.jsonl'))
  const lines = (await Promise.all(files.map((name) => readLines(join(folder, name))))).flat()
  return lines.toSorted((a, b) => a.study_id.localeCompare(b.study_id) || a.revision - b.revision || a.line - b.line)
}

/** The number that a line means: what JSON has no number for stands in its text. */
export function exact({ value, text }: ReadLine): number {
  return value ?? Number(text)
}

export function keptMetrics(lines: readonly ReadLine[]): readonly KeptMetric[] {
  return lines.flatMap((line) => (line.event === 'trial.reported' && line.kind === 'metric' ? [{ trial: line.trial!, metric: line.name!, step: line.step!, value: exact(line) }] : []))
}

/** Lines that are there twice, and revisions that are not whole. */
export function faults(lines: readonly ReadLine[]): readonly string[] {
  const keys = lines.map(({ study_id: study, revision, line }) => `${study} ${revision} ${line}`)
  const twice = keys.filter((key, i) => keys.indexOf(key) !== i)
  const counts = new Map<string, number>()
  for (const { study_id: study, revision } of lines) counts.set(`${study} ${revision}`, (counts.get(`${study} ${revision}`) ?? 0) + 1)
  const torn = lines.filter(({ study_id: study, revision, lines: all }) => counts.get(`${study} ${revision}`) !== all).map(({ study_id: study, revision }) => `${study} ${revision} is not whole`)
  return [...twice, ...new Set(torn)]
}
