import type { ArtifactReference } from '../contracts/trial-record.ts'

/** Which bytes a study refers to: by artefacts, and by the checkpoints of trials that have not ended or may be forked. A part of the fold. */
export class References {
  /** Told of bytes that nothing refers to any more. */
  onUnneeded: ((hash: string) => void) | undefined
  readonly #counts = new Map<string, number>()
  /** The last checkpoints of the trials that ended, oldest first. */
  readonly #ended: string[] = []
  /** How many of them are referred to. */
  #forkable = 0
  #forkLimit = 20
  #forking = false
  /** Bytes that a copy of this study may refer to: it tells nobody when it no longer does. */
  readonly #shared = new Set<string>()
  /** Names of the copies under way. */
  readonly #copies = new Set<string>()

  /** True if the bytes must stay, as far as this study knows. */
  needs(hash: string): boolean {
    return this.#copies.size > 0 || this.#counts.has(hash) || this.#shared.has(hash)
  }

  /** True if the study itself refers to the bytes, or may be about to be copied with them. */
  refersTo(hash: string): boolean {
    return this.#counts.has(hash) || (this.#copies.size > 0 && this.#shared.has(hash))
  }

  change(before: ArtifactReference | undefined, after: ArtifactReference | undefined): void {
    if (after !== undefined) {
      this.#counts.set(after.hash, (this.#counts.get(after.hash) ?? 0) + 1)
      if (this.#copies.size > 0) this.#shared.add(after.hash)
    }
    if (before !== undefined) this.#drop(before.hash)
  }

  /** From here on the trials that ended last keep their last checkpoint: there are forks, or will be. */
  keepForForks(): void {
    this.#forking = true
    this.#keepEnded()
  }

  /** How many of them do. */
  limitForks(trials: number): void {
    this.#forkLimit = trials
    this.#keepEnded()
  }

  #keepEnded(): void {
    const [before, now, length] = [this.#forkable, this.#forking ? this.#forkLimit : 0, this.#ended.length]
    const from = (kept: number): number => Math.max(0, length - kept)
    for (const hash of this.#ended.slice(from(now), from(before))) this.#counts.set(hash, (this.#counts.get(hash) ?? 0) + 1)
    for (const hash of this.#ended.slice(from(before), from(now))) this.#drop(hash)
    this.#forkable = now
  }

  /** A trial ended with these checkpoints. */
  ended(last: ArtifactReference | undefined, earlier: ArtifactReference | undefined): void {
    if (earlier !== undefined) this.#drop(earlier.hash)
    if (last === undefined) return
    this.#ended.push(last.hash)
    const over = this.#ended.length - 1 - this.#forkable
    if (over >= 0) this.#drop(this.#ended[over]!)
  }

  /** From the first mark on a study of that name may copy what is referred to, up to the second. */
  copying(as: string, phase: 'begins' | 'ends'): void {
    if (phase === 'begins') this.#copies.add(as)
    else this.#copies.delete(as)
    this.#shareAll()
  }

  /** This study is a copy: what it was made of belongs to the other one as well. */
  copied(): void {
    this.#copies.clear()
    this.#shareAll()
  }

  #shareAll(): void {
    for (const hash of this.#counts.keys()) this.#shared.add(hash)
  }

  #drop(hash: string): void {
    const count = this.#counts.get(hash)! - 1
    if (count > 0) {
      this.#counts.set(hash, count)
      return
    }
    this.#counts.delete(hash)
    this.onUnneeded?.(hash)
  }
}
