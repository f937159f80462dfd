import type { Clock } from '../contracts/clock.ts'
import type { Storage } from '../contracts/storage.ts'
import { randomName } from '../system.ts'
import { answered } from './answered.ts'

/**
 * Makes another study from one: from before until after, nothing that the source refers to is taken for its own alone, so that it deletes
 * nothing that the other one needs. If this process ends in between, the source deletes nothing any more; `collectGarbage` does.
 */
export async function whileCopied<T>(storage: Storage, clock: Clock, name: string, as: string, copy: () => Promise<T>): Promise<T> {
  const source = await answered(clock, () => storage.findStudy(name))
  if (source === undefined) return copy()
  const mark = async (phase: 'begins' | 'ends'): Promise<void> => {
    const request = { id: randomName(), operations: [{ type: 'copying', as, phase }] } as const
    await answered(clock, () => storage.write(source.id, request))
  }
  await mark('begins')
  try {
    return await copy()
  } finally {
    await mark('ends')
  }
}
