import type { StudyAccess } from './study-access.ts'

/** What the user should know, as changes of the history: each message once. */
export class Warnings {
  readonly #access: StudyAccess
  readonly #told = new Set<string>()
  readonly #underWay = new Set<Promise<unknown>>()

  constructor(access: StudyAccess) {
    this.#access = access
  }

  tell(source: string, message: string, number?: number): void {
    const key = `${source}\n${message}`
    if (this.#told.has(key)) return
    this.#told.add(key)
    // A warning that cannot be stored must not take a trial down: the write that matters will tell.
    const write = this.#access.mustWrite([number === undefined ? { type: 'warn', source, message } : { type: 'warn', source, message, number }]).catch(() => undefined)
    this.#underWay.add(write)
    void write.then(() => this.#underWay.delete(write))
  }

  /** Resolves once everything told so far is stored, or was given up. */
  async stored(): Promise<void> {
    await Promise.all(this.#underWay)
  }
}
