/**
 * The sections of an INI file as Python's `configparser` reads them: `=` or `:`, comments on lines of their own, names in lower case, `%%` for `%`. A `%`
 * alone, at which Python fails, stays. `get` looks into `[DEFAULT]` too, `own` does not.
 */
export function parseIni(text: string): { readonly sections: ReadonlySet<string>; get(section: string, name: string): string | undefined; own(section: string, name: string): string | undefined } {
  const sections = new Map<string, Map<string, string>>()
  let values: Map<string, string> | undefined
  let last: string | undefined
  for (const line of text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)) {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) continue
    const section = /^\[([^\]]+)\]/.exec(trimmed)
    if (section !== null) {
      values = sections.get(section[1]!) ?? new Map<string, string>()
      sections.set(section[1]!, values)
      last = undefined
      continue
    }
    if (values === undefined) continue
    // An indented line goes on with the value above it.
    if (/^\s/.test(line) && last !== undefined) {
      values.set(last, `${values.get(last)}\n${trimmed}`)
      continue
    }
    const entry = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(trimmed)
    if (entry === null) continue
    last = entry[1]!.toLowerCase()
    values.set(last, entry[2]!)
  }
  const own = (section: string, name: string) => sections.get(section)?.get(name)?.replaceAll('%%', '%')
  return { sections: new Set(sections.keys()), get: (section, name) => own(section, name) ?? own('DEFAULT', name), own }
}
