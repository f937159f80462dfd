import type { Awaitable } from '@attune/core'
import type { SuiteCase } from './suite.ts'

/** What every case gets anew. `dispose` is called when the case is over, whether it failed or not. */
export interface Subject {
  readonly dispose?: () => Awaitable<void>
}

/** Makes cases that each set up a subject of their own. */
export function caseMaker<S extends Subject>(setup: () => Awaitable<S>): (name: string, run: (subject: S) => Awaitable<void>) => SuiteCase {
  return (name, run) => ({
    name,
    run: async () => {
      const subject = await setup()
      try {
        await run(subject)
      } finally {
        await subject.dispose?.()
      }
    },
  })
}
