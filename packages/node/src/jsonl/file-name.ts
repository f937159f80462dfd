import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { ifExists } from '../artifacts/file-system.ts'
import { writeError } from './errors.ts'

/**
 * A file name for any study: what is readable of its name, then ten characters of the SHA-256 of its id, so different studies differ also where
 * the file system ignores case or Unicode form. At most 51 characters of a-z, A-Z, 0-9, `_` and `-`; never a name that an operating system reserves.
 */
export function safeName(name: string, id: string): string {
  const slug = name
    .slice(0, 400)
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/[^A-Za-z0-9_]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '')
  return `${slug || 'study'}-${createHash('sha256').update(JSON.stringify(id)).digest('hex').slice(0, 10)}`
}

/**
 * The file of a study in a folder of logs. A study that was renamed stays in its file: the name may be another, the hash of its id is not. Right
 * after a rotation only rotated files are there.
 */
export async function fileIn(folder: string, name: string, id: string): Promise<string> {
  const wanted = `${safeName(name, id)}.jsonl`
  const end = wanted.slice(wanted.lastIndexOf('-'))
  const names = await ifExists(() => readdir(folder)).catch((cause: unknown) => {
    throw writeError(folder, cause)
  })
  return join(folder, names?.map((each) => each.replace(/\.\d{6,}\.jsonl$/, '.jsonl')).find((each) => each.endsWith(end)) ?? wanted)
}

/** Files that a log was rotated into, the oldest first, and the name of the next one. */
export async function rotated(path: string): Promise<{ readonly paths: readonly string[]; readonly next: string }> {
  const { dir, name, ext } = parse(path)
  const numbers = ((await ifExists(() => readdir(dir === '' ? '.' : dir))) ?? [])
    .filter((each) => each.startsWith(`${name}.`) && each.endsWith(ext))
    .map((each) => each.slice(name.length + 1, each.length - ext.length))
    .filter((middle) => /^\d{6,}$/.test(middle))
    .map(Number)
    .toSorted((a, b) => a - b)
  const file = (number: number): string => join(dir, `${name}.${String(number).padStart(6, '0')}${ext}`)
  return { paths: numbers.map(file), next: file((numbers.at(-1) ?? 0) + 1) }
}
