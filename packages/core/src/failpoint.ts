/** Where tests hook in: one place for the whole process, however many copies of a package it has loaded. */
const hook = Symbol.for('@attune/core/failpoint')

/**
 * A place between two effects, where a test throws, kills the process, or makes it wait. A release has none: the build takes
 * every call and import of it out of dist (scripts/failpoints.mjs). Write it as a statement on a line of its own, with a literal name.
 */
export function failpoint(name: string): void {
  const reached = (globalThis as { readonly [key: symbol]: unknown })[hook]
  if (typeof reached === 'function') reached(name)
}
