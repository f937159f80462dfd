import { exitCodes } from '../exit-codes.ts'

const codes = { SIGINT: exitCodes.interrupted, SIGTERM: exitCodes.terminated } as const

export interface Interruption {
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  /** What the process is to end with: undefined unless it was interrupted. */
  readonly exitCode: number | undefined
}

/** Does work that the first SIGINT or SIGTERM asks to end, and the second ends at once. */
export async function untilInterrupted<T>(onFirst: () => void, work: (interruption: Interruption) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const interruption = { signal: controller.signal, exitCode: undefined as number | undefined }
  const listeners = (['SIGINT', 'SIGTERM'] as const).map((name) => {
    const listener = (): void => {
      if (interruption.exitCode !== undefined) process.exit(codes[name])
      interruption.exitCode = codes[name]
      onFirst()
      controller.abort()
    }
    process.on(name, listener)
    return () => process.off(name, listener)
  })
  // A trial that waits for something that keeps no process alive is waited for all the same.
  const alive = setInterval(() => undefined, 2 ** 30)
  try {
    return await work(interruption)
  } finally {
    clearInterval(alive)
    for (const stop of listeners) stop()
  }
}
