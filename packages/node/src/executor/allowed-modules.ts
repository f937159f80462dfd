import { realpathSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Folders that modules are loaded from where nobody says: the package of the program that runs, and the current folder. Real paths. */
export function defaultRoots(): readonly string[] {
  const entry = process.argv[1]
  const roots = [realpathSync(process.cwd())]
  if (entry !== undefined && existsAs(entry, 'file')) roots.push(packageOf(realpathSync(entry)))
  return [...new Set(roots)]
}

/** The nearest folder with a package.json; the file's own folder if there is none. */
function packageOf(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsAs(join(folder, 'package.json'), 'file')) return folder
    if (dirname(folder) === folder) return dirname(file)
  }
}

export interface ModuleProblem {
  readonly code: 'MODULE_NOT_FOUND' | 'MODULE_NOT_ALLOWED' | 'MODULE_LOAD' | 'MODULE_EXPORT'
  readonly problem: string
  /** What was thrown while it was loaded. */
  readonly cause?: unknown
}

/** The path of a module, or what is wrong with its URL: it must name a file that exists. */
export function moduleFile(url: string): { readonly path: string } | ModuleProblem {
  let path: string
  try {
    const parsed = new URL(url)
    if (parsed.protocol !== 'file:' || parsed.search !== '' || parsed.hash !== '') throw new TypeError('no plain file: URL')
    path = fileURLToPath(parsed)
  } catch {
    return { code: 'MODULE_NOT_ALLOWED', problem: `"${url}" is no plain file: URL. Only modules in files are run, as in new URL('./train.js', import.meta.url).` }
  }
  try {
    if (existsAs(path, 'file')) return { path }
  } catch (error) {
    return { code: 'MODULE_NOT_FOUND', problem: `${path} cannot be reached: ${(error as Error).message}` }
  }
  return { code: 'MODULE_NOT_FOUND', problem: `There is no file ${path}. Correct the path; a relative one begins at the current folder, and at the module if you write new URL('./train.js', import.meta.url).` }
}

/**
 * The real URL of a module, or what is wrong with it: it must be a file below one of the folders, whatever symbolic links say.
 * @param roots Real paths of folders.
 */
export function allowedModule(url: string, roots: readonly string[]): { readonly url: string } | ModuleProblem {
  const file = moduleFile(url)
  if ('problem' in file) return file
  const real = realpathSync(file.path)
  if (!roots.some((root) => contains(root, real))) {
    return { code: 'MODULE_NOT_ALLOWED', problem: `${real} is not below ${roots.join(' or ')}, where modules may be loaded from. If you trust it, allow its folder: allow: [${JSON.stringify(dirname(real))}].` }
  }
  return { url: pathToFileURL(real).href }
}

function contains(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '' && !isAbsolute(way) && way !== '..' && !way.startsWith(`..${sep}`)
}

/** Throws what keeps it from being seen, such as a folder that may not be entered. */
export function existsAs(path: string, kind: 'file' | 'folder'): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat !== undefined && (kind === 'file' ? stat.isFile() : stat.isDirectory())
}
