/** Freezes plain data all the way down. What is frozen already is not walked again. */
export function freezeDeep<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const key in value) {
    const item = value[key]
    if (typeof item === 'object') freezeDeep(item)
  }
  return value
}
