import { realpathSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { AttuneError } from '@attune/core'
import { describe } from '../describe-error.ts'

/** What an option like `./train.js#trainer` names: a module file, and the name of its export (`default` where none is given). */
export interface ExportReference {
  /** Real path of the file. */
  readonly file: string
  readonly name: string
}

/** Takes a reference apart. Throws MODULE_NOT_FOUND if there is no such file. */
export function parseReference(option: string, text: string): ExportReference {
  const hash = text.lastIndexOf('#')
  const path = resolve(hash < 0 ? text : text.slice(0, hash))
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) throw new AttuneError('MODULE_NOT_FOUND', `${option} ${text}: there is no file ${path}. Give a module and its export, as in ./train.js#trainer.`)
  return { file: realpathSync(path), name: hash < 0 || hash === text.length - 1 ? 'default' : text.slice(hash + 1) }
}

/** Imports the module, whose code runs by this, and answers the export. Throws MODULE_LOAD and MODULE_EXPORT. */
export async function importExport(option: string, { file, name }: ExportReference): Promise<unknown> {
  let module: { readonly [name: string]: unknown }
  try {
    module = (await import(pathToFileURL(file).href)) as typeof module
  } catch (cause) {
    throw new AttuneError('MODULE_LOAD', `${option}: ${file} cannot be loaded: ${describe(cause)}`, { cause, details: { file } })
  }
  if (Object.hasOwn(module, name)) return module[name]
  const names = Object.keys(module)
  throw new AttuneError('MODULE_EXPORT', `${option}: ${file} exports no "${name}": it exports ${names.length === 0 ? 'nothing' : names.map((one) => `"${one}"`).join(', ')}. Name one behind a #, as in ./train.js#trainer.`, { details: { file, name } })
}
