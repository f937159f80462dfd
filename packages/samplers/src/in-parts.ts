/** Runs steps one after the other, at once. */
export function atOnce<T>(steps: Generator<void, T, undefined>): T {
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value
}

/** Lets other work have its turn between steps. Rejects when the signal aborts. */
export async function inParts<T>(steps: Generator<void, T, undefined>, signal: AbortSignal): Promise<T> {
  let step = steps.next()
  while (step.done !== true) {
    await new Promise((resolve) => void setTimeout(resolve))
    signal.throwIfAborted()
    step = steps.next()
  }
  return step.value
}
