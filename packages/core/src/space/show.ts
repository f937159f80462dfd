/** A value of any kind in a message, briefly. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 59)}…` : value)
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return `an array of ${value.length}`
  const keys = Object.keys(value)
  return `an object${keys.length === 0 ? '' : ` with ${keys.slice(0, 5).join(', ')}`}${keys.length > 5 ? ', …' : ''}`
}
