import type { Operation } from '../contracts/change.ts'
import type { StudyAccess } from './study-access.ts'

/** What happens to every trial must not fill the history: so many warnings of a kind are told. */
const mostOfAKind = 10

/** What the user should know, as changes of the history: warnings and remarks, each message once. */
export class Warnings {
  readonly #access: StudyAccess
  readonly #told = new Set<string>()
  /** How often each kind was told. */
  readonly #kinds = new Map<string, number>()
  readonly #underWay = new Set<Promise<unknown>>()

  constructor(access: StudyAccess) {
    this.#access = access
  }

  tell(source: string, message: string, number?: number): void {
    const key = `${source}\n${message}`
    if (this.#told.has(key)) return
    this.#told.add(key)
    this.#write(number === undefined ? { type: 'warn', source, message } : { type: 'warn', source, message, number })
  }

  /** Tells what is no cause for concern. */
  remark(source: string, message: string): void {
    const key = `${source}\n${message}`
    if (this.#told.has(key)) return
    this.#told.add(key)
    this.#write({ type: 'remark', source, message })
  }

  #write(operation: Operation): void {
    // A warning that cannot be stored must not take a trial down: the write that matters will tell.
    const write = this.#access.mustWrite([operation]).catch(() => undefined)
    this.#underWay.add(write)
    void write.then(() => this.#underWay.delete(write))
  }

  /** Says what may happen to many trials: the first ten of the kind. */
  tellSome(kind: string, source: string, message: string, number: number): void {
    if (this.#told.has(`${source}\n${message}`)) return
    const before = this.#kinds.get(kind) ?? 0
    if (before === mostOfAKind) return
    this.#kinds.set(kind, before + 1)
    this.tell(source, before + 1 === mostOfAKind ? `${message} This happens often, and is not told any more.` : message, number)
  }

  /** Resolves once everything told so far is stored, or was given up. */
  async stored(): Promise<void> {
    await Promise.all(this.#underWay)
  }
}
