/**
 * Lets the event loop do what is waiting: messages, timers, an abort. A microtask would not do; a timer of 0 ms waits for 1 or 4.
 * `setImmediate` where there is one (Node, 2 µs), else a message to oneself.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof globalThis.setImmediate === 'function') {
      globalThis.setImmediate(resolve)
      return
    }
    const { port1, port2 } = new MessageChannel()
    port1.addEventListener('message', () => {
      port1.close()
      resolve()
    })
    port1.start()
    port2.postMessage(undefined)
  })
}
