/** What happens where a failpoint is reached. */
export type FailpointAction =
  /** The call fails; right after a commit, that is an answer that got lost. */
  | 'throw'
  /** The process ends at once, as by kill -9. */
  | 'kill'
  /** The thread stands still for ever. */
  | 'hang'
  /** The thread stands still for 100 ms. */
  | 'delay'

const hook = Symbol.for('@attune/core/failpoint')
const actions: readonly string[] = ['throw', 'kill', 'hang', 'delay']

function act(action: FailpointAction, name: string): void {
  switch (action) {
    case 'throw':
      throw new Error(`failpoint ${name}`)
    case 'kill':
      process.kill(process.pid, 'SIGKILL')
      return standStill(Infinity) // The signal may need a moment: nothing more must happen.
    case 'hang':
      return standStill(Infinity)
    case 'delay':
      return standStill(100)
  }
}

function standStill(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

/**
 * Arms failpoints by a text such as `storage.after-commit=kill@3, engine.before-pause=throw`: at the third time the process dies,
 * at the first the call fails. Answers how to disarm them. Throws for a text that cannot be meant.
 */
export function armFailpoints(text: string): () => void {
  const armed = new Map(text.split(',').map((entry) => {
    const [, name, action, nth = '1'] = /^\s*([a-z-]+\.[a-z-]+)=([a-z]+)(?:@(\d+))?\s*$/.exec(entry) ?? []
    if (name === undefined || action === undefined || !actions.includes(action)) throw new Error(`"${entry}" is no failpoint: write name=action@nth, with one of the actions ${actions.join(', ')}.`)
    const entryOf: readonly [string, { readonly action: FailpointAction; left: number }] = [name, { action: action as FailpointAction, left: Number(nth) }]
    return entryOf
  }))
  const hooks = globalThis as { [key: symbol]: unknown }
  hooks[hook] = (name: string): void => {
    const point = armed.get(name)
    if (point !== undefined && --point.left === 0) act(point.action, name)
  }
  return () => {
    delete hooks[hook]
  }
}
