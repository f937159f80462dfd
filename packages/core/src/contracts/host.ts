import type { Awaitable } from './values.ts'

/** Who runs trials here, and whether another runner is known to be gone. */
export interface Host {
  readonly specVersion: 'v1'
  /** Names this runner uniquely, also after a restart: on Node host, process id and start time. */
  readonly identity: string
  /** True only if the runner of that name has certainly ended (a dead process on this machine). */
  isGone(identity: string): Awaitable<boolean>
}
