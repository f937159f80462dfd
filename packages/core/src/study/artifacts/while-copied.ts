import type { Storage } from '../../contracts/storage.ts'
import { randomName, systemClock } from '../../system.ts'
import { answered } from '../answered.ts'

/**
 * Makes another study from the one of an id: from before until after, nothing that the source refers to is taken for its own alone, so that it deletes
 * nothing that the other one needs. If this process ends in between, the source deletes nothing any more; `collectGarbage` does.
 */
export async function whileCopied<T>(storage: Storage, source: string, as: string, copy: () => Promise<T>): Promise<T> {
  const mark = async (phase: 'begins' | 'ends'): Promise<void> => {
    const request = { id: randomName(), operations: [{ type: 'copying', as, phase }] } as const
    await answered(systemClock, () => storage.write(source, request))
  }
  await mark('begins')
  try {
    return await copy()
  } finally {
    await mark('ends')
  }
}
