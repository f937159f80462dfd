// A relative link in a page leads to a file of the repository, and its anchor to a heading there: dead links are found here, not by readers.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const ignored = /(^|[\\/])(node_modules|dist|out|\.[^\\/]+|docs[\\/]api)([\\/]|$)/

function pages(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (ignored.test(path)) return []
    return entry.isDirectory() ? pages(path) : entry.name.endsWith('.md') ? [path] : []
  })
}

/** The page without blocks of code: what looks like a link there is none. */
function prose(path: string): string {
  return readFileSync(path, 'utf8').replaceAll(/^```.*?^```/gms, '')
}

/** The anchor of a heading, as GitHub forms it. */
function anchorOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
    .replaceAll(' ', '-')
}

function deadLinks(path: string, text: string): readonly string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!).filter((link) => {
    if (/^[a-z]+:/i.test(link)) return false
    const [file = '', anchor] = link.split('#')
    const target = file === '' ? path : resolve(dirname(path), decodeURIComponent(file))
    if (!existsSync(target)) return true
    if (anchor === undefined) return false
    const page = target.endsWith('.md') ? target : join(target, 'README.md') // A folder is shown with its README.
    return existsSync(page) && ![...prose(page).matchAll(/^#+ (.*)$/gm)].some((match) => anchorOf(match[1]!) === anchor)
  })
}

describe('links between pages', () => {
  test.each(pages('.'))('%s has no dead one', (page) => {
    const path = join(root, page)
    expect(deadLinks(path, prose(path))).toEqual([])
  })

  test('dead ones are found', () => {
    const links = ['README.md', 'README.md#packages', '#packages', 'https://example.org', 'docs/missing.md', 'README.md#nowhere', '#nowhere', 'packages/core#spaces', 'packages/core#nowhere']
    expect(deadLinks(join(root, 'README.md'), links.map((link) => `[x](${link})`).join(' '))).toEqual(['docs/missing.md', 'README.md#nowhere', '#nowhere', 'packages/core#nowhere'])
  })
})
