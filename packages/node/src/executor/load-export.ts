import { fileURLToPath } from 'node:url'
import type { ModuleProblem } from './allowed-modules.ts'

/** Imports a module, whose code runs by this, and answers its export, or why there is none that can be run. */
export async function loadExport(url: string, name: string): Promise<{ readonly exported: unknown } | ModuleProblem> {
  const path = fileURLToPath(url)
  let module: { readonly [name: string]: unknown }
  try {
    module = (await import(url)) as typeof module
  } catch (cause) {
    return { code: 'MODULE_LOAD', problem: `${path} cannot be loaded: ${String(cause)}`, cause }
  }
  const names = Object.keys(module)
  if (names.length === 0) return { code: 'MODULE_EXPORT', problem: `${path} exports nothing: write export before what is to be run.` }
  if (!Object.hasOwn(module, name)) return { code: 'MODULE_EXPORT', problem: `${path} exports no "${name}": it exports ${names.map((one) => `"${one}"`).join(', ')}. Name one of them, as in fromModule('./train.js', 'train').` }
  const exported = module[name]
  const trainable = typeof exported === 'function' || (typeof exported === 'object' && exported !== null && typeof (exported as { readonly train?: unknown }).train === 'function')
  return trainable ? { exported } : { code: 'MODULE_EXPORT', problem: `"${name}" of ${path} is of type ${typeof exported}: export a trainer, or a function that takes the trial.` }
}
