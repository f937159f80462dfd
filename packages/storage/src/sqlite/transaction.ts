import type { DatabaseSync } from 'node:sqlite'
import { failpoint } from '@attune/core/failpoint'

/**
 * Runs `work` in one transaction: `immediate` takes the write lock at once, `deferred` only reads one state of the file.
 * Rolls back if `work` throws, or if `keep` says so of its answer.
 */
export function inTransaction<T>(database: DatabaseSync, kind: 'immediate' | 'deferred', work: () => T, keep: (answer: T) => boolean = () => true): T {
  database.exec(kind === 'immediate' ? 'begin immediate' : 'begin')
  let answer: T
  try {
    answer = work()
    if (keep(answer)) {
      failpoint('storage.before-commit')
      database.exec('commit')
      failpoint('storage.after-commit')
      return answer
    }
  } catch (error) {
    rollBack(database, error)
    throw error
  }
  database.exec('rollback')
  return answer
}

function rollBack(database: DatabaseSync, reason: unknown): void {
  try {
    database.exec('rollback')
  } catch (error) {
    // After some errors, a full disk for one, SQLite has rolled back already, and says so.
    if (database.isTransaction) throw new AggregateError([reason, error], 'A transaction could neither be finished nor rolled back.')
  }
}
