import { open, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { AttuneError } from '@attune/core'
import { ifExists } from '../artifacts/file-system.ts'
import { fileError } from './errors.ts'
import { format } from './lines.ts'

/** What the end of a log says. */
export interface Tail {
  /** The last revision of which every line is there, 0 without. */
  readonly revision: number
  /** Bytes up to the end of that revision. What follows was torn by a crash. */
  readonly end: number
  /** Bytes of the file. */
  readonly size: number
}

const chunk = 65_536
/** Bytes. Ours are shorter: see lines.ts. */
const longestLine = 16 * 2 ** 20
const newline = 10

/**
 * Reads a log from its end up to the last whole revision; undefined if there is no file. Rejects with JSONL_FILE if it is not a log
 * of this study.
 */
export async function readTail(path: string, studyId: string): Promise<Tail | undefined> {
  const kind = await ifExists(() => stat(path))
  if (kind === undefined) return undefined
  // To open a pipe would wait for whoever writes into it.
  if (!kind.isFile() && !kind.isDirectory()) throw fileError(path, 'is a pipe, a device or a socket, which keeps no lines', 'Choose another path.')
  const handle = await ifExists(() => open(path, 'r'))
  if (handle === undefined) return undefined
  try {
    const { size } = await handle.stat()
    const start = Buffer.alloc(Math.min(size, beginning.length))
    await handle.read(start, 0, start.length, 0)
    // First, because a file of somebody else may be large.
    if (!beginsAs(start, anyFormat)) throw notOurs(path)
    for await (const { text, end } of linesBackwards(handle, size)) {
      const line = parse(text)
      if (line === undefined) continue // Torn: another line follows at most where a power failure left a hole.
      if (line.format !== format) throw fileError(path, `was written by a newer release (format ${line.format}, known is ${format})`, 'Update @attune/node, or choose another path.')
      if (line.study !== studyId) throw fileError(path, `is the log of another study ("${line.name}")`, 'Give each study a path of its own, or a `folder` in which each has one.')
      if (line.line + 1 === line.lines) return { revision: line.revision, end, size }
    }
    if (!beginsAs(start, beginning)) throw notOurs(path)
    return { revision: 0, end: 0, size }
  } finally {
    await handle.close()
  }
}

const anyFormat = Buffer.from('{"format":')
const beginning = Buffer.from(`{"format":${format},"study":`)

/** True also for the part of a beginning that a crash has left. */
function beginsAs(start: Buffer, wanted: Buffer): boolean {
  const length = Math.min(start.length, wanted.length)
  return start.subarray(0, length).equals(wanted.subarray(0, length))
}

function notOurs(path: string): AttuneError {
  return fileError(path, 'is no log of Attune', 'Choose another path.')
}

/**
 * Whole lines from the last one on, with the offset behind their newline. A fragment after the last newline is left out, and of what is longer
 * than any line of a log only the offset is told.
 */
async function* linesBackwards(handle: FileHandle, size: number): AsyncGenerator<{ readonly text: string; readonly end: number }, void, void> {
  /** Of the line that is read, the last one first. */
  let parts: Buffer[] = []
  let length = 0
  let end: number | undefined
  const add = (part: Buffer): void => {
    length += part.length
    if (length <= longestLine) parts.push(part)
    else parts = []
  }
  const taken = (): string => {
    const text = Buffer.concat(parts.toReversed()).toString()
    parts = []
    length = 0
    return text
  }
  for (let position = size; position > 0; ) {
    const start = Math.max(0, position - chunk)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(position - start), 0, position - start, start)
    let rest = buffer.subarray(0, bytesRead)
    position = start
    for (let at = rest.lastIndexOf(newline); at !== -1; at = rest.lastIndexOf(newline)) {
      add(rest.subarray(at + 1))
      const text = taken()
      if (end !== undefined) yield { text, end }
      end = start + at + 1
      rest = rest.subarray(0, at)
    }
    add(rest)
  }
  if (end !== undefined) yield { text: taken(), end }
}

function parse(text: string): { readonly format: number; readonly study: string; readonly name: string; readonly revision: number; readonly line: number; readonly lines: number } | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined // Torn: see readTail.
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { format: version, study_id: study, study: name, revision, line, lines } = value as { readonly [key: string]: unknown }
  if (!isCount(version)) return undefined
  if (version > format) return { format: version, study: '', name: '', revision: 0, line: 0, lines: 0 }
  return typeof study === 'string' && typeof name === 'string' && isCount(revision) && isCount(line) && isCount(lines) ? { format: version, study, name, revision, line, lines } : undefined
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
