import type { PrunerFactory } from '@attune/core'

/** Never stops a trial. Works with any number of objectives. */
export function none(): PrunerFactory {
  return { specVersion: 'v1', id: 'none', create: () => ({ judge: () => 'continue' }) }
}
