/** A text that no printing, JSON or inspection shows: private members are invisible to all of them. */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The text itself, for the one place that sends it. */
  reveal(): string {
    return this.#text
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }
}

const userInfo = /(\b[a-z][a-z0-9+.-]*:\/\/)[^/?#\s]*@/gi
const credentials = /\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi
const signatures = /([?&](?:x-amz-[a-z-]*|x-goog-[a-z-]*|sig|signature|token|access_token|awsaccesskeyid|key)=)[^&\s"'<>]*/gi

/** A text without what looks like credentials, whoever's they are: user and password in a URL, authorization values, signed queries. */
export function withoutCredentials(text: string): string {
  return text.replace(userInfo, '$1').replace(credentials, '$1 [secret]').replace(signatures, '$1[secret]')
}

/** As pages of Flask and nginx have them. */
const entities: { readonly [character: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' }

/**
 * Removes the given secrets from texts that come from elsewhere (a proxy's page that repeats the request, an error of a socket), as they
 * are and as a URL, a page or basic authentication writes them.
 */
export function redactor(secrets: readonly Secret[]): (text: string) => string {
  const forms = new Set<string>()
  for (const secret of secrets) {
    const text = secret.reveal()
    // Shorter ones would punch holes into every word, and are no secret.
    if (text.length < 3) continue
    const inPage = text.replace(/[&<>"']/g, (character) => entities[character]!)
    for (const form of [text, encodeURIComponent(text), encodeURI(text), JSON.stringify(text).slice(1, -1), Buffer.from(text).toString('base64'), inPage]) {
      forms.add(form)
      // As a line of several is shown.
      forms.add(form.replace(/\s+/g, ' '))
    }
  }
  const longestFirst = [...forms].toSorted((a, b) => b.length - a.length)
  return (text) => {
    let clean = text
    for (const form of longestFirst) clean = clean.replaceAll(form, '[secret]')
    return withoutCredentials(clean)
  }
}
