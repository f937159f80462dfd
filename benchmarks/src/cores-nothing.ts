/** Nothing but the cost of a trial, in a module that loads nothing. */
export function nothing(): number {
  return 1
}
