/** A failure with a code, as it travels to the parent. The child imports nothing of core, so that it starts fast. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly code: string
  /** What would help, where the message does not say it; a probe tells it in another way. */
  readonly remedy: string | undefined

  constructor(code: string, message: string, { remedy, ...options }: ErrorOptions & { readonly remedy?: string } = {}) {
    super(message, options)
    this.code = code
    this.remedy = remedy
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
