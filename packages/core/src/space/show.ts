/** A value in a message. */
export function show(value: unknown): string {
  if (typeof value === 'number') return String(value)
  const text = typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value))
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}
