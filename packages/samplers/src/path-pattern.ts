/** Whether a pattern means a path; `*` stands for one name, as in `layers.*.rate`. */
export function meansPath(pattern: string, path: string): boolean {
  const names = pattern.split('.')
  const others = path.split('.')
  return names.length === others.length && names.every((name, i) => name === '*' || name === others[i])
}
