import { createHash } from 'node:crypto'

/**
 * A folder name for any string: what is readable of it, then ten characters of the SHA-256 of `identity` (default
 * the string itself), so different strings differ also where the file system ignores case or Unicode form.
 * At most 51 characters of a-z, A-Z, 0-9, `_` and `-`; never a name that an operating system reserves.
 */
export function safeName(text: string, identity: string = text): string {
  const slug = text
    .slice(0, 400)
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/[^A-Za-z0-9_]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '')
  // JSON escapes lone surrogates, which as UTF-8 would all become the same replacement character.
  const hash = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 10)
  return `${slug || 'study'}-${hash}`
}
