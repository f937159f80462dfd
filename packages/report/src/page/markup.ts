/** Markup that may be inserted as it is. Made only by `html` and `trusted`. */
export interface Markup {
  readonly markup: string
}

/** What a template takes: texts are escaped, markup is inserted, undefined leaves nothing. */
export type Content = string | number | Markup | readonly Markup[] | undefined

/**
 * Builds markup out of a template. Every inserted text is escaped for element content and for quoted
 * attributes alike, so a hostile name can only ever be read. Attributes must be quoted in the template.
 */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  let markup = strings[0] ?? ''
  for (const [index, content] of contents.entries()) markup += insert(content) + (strings[index + 1] ?? '')
  return { markup }
}

/** For constants of this package: style, script, path data made of numbers. Never for anything a user named. */
export function trusted(markup: string): Markup {
  return { markup }
}

function insert(content: Content): string {
  if (content === undefined) return ''
  if (typeof content === 'string' || typeof content === 'number') return escapeText(String(content))
  return 'markup' in content ? content.markup : content.map((part) => part.markup).join('')
}

const entities: { readonly [character: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;', '`': '&#96;' }

/** Escapes a text. Control characters and directional overrides, which can hide or reorder a text, become U+FFFD. */
export function escapeText(text: string): string {
  return text
    .toWellFormed()
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g, '\ufffd')
    .replaceAll(/[&<>"'`]/g, (character) => entities[character] ?? character)
}
