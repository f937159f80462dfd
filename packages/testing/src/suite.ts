import { describe, it } from 'vitest'
import { ConformanceError } from './check.ts'

/** One promise of a contract. `run` throws or rejects if it is broken. */
export interface SuiteCase {
  readonly name: string
  readonly run: () => Promise<void> | void
}

export interface SuiteOptions {
  /**
   * Cases that this plugin does not meet, by name, each with the reason. They are not run; their names and reasons are
   * printed. A name that no case has fails the suite.
   */
  readonly exempt?: { readonly [caseName: string]: string }
  /** Milliseconds that one case may take before it counts as hanging. Default 60,000. */
  readonly timeout?: number
}

/** Says what is wrong with a list of exemptions: names without a case, reasons that are empty. Empty if nothing is. */
export function exemptionProblems(cases: readonly SuiteCase[], exempt: { readonly [caseName: string]: string }): readonly string[] {
  const names = cases.map(({ name }) => name)
  return Object.entries(exempt).flatMap(([name, reason]) => {
    if (!names.includes(name)) return [`"${name}" is exempt, but the suite has no such case. Its cases are:\n${names.map((known) => `  - ${known}`).join('\n')}`]
    if (reason.trim() === '') return [`"${name}" is exempt without a reason. Say why the plugin cannot meet it.`]
    return []
  })
}

/** Registers cases with vitest, under one `describe`. */
export function registerSuite(name: string, cases: readonly SuiteCase[], options: SuiteOptions = {}): void {
  const { exempt = {}, timeout = 60_000 } = options
  describe(name, () => {
    if (Object.keys(exempt).length > 0) {
      it('exempts only cases that exist, each with a reason', () => {
        const problems = exemptionProblems(cases, exempt)
        if (problems.length > 0) throw new ConformanceError(problems.join('\n'))
        for (const [caseName, reason] of Object.entries(exempt)) console.info(`${name}: exempt from "${caseName}": ${reason}`)
      })
    }
    for (const { name: caseName, run } of cases) {
      if (!Object.hasOwn(exempt, caseName)) it(caseName, { timeout }, run)
    }
  })
}

/** Runs cases without a test runner and answers the error of each one that fails, by name. */
export async function failingCases(cases: readonly SuiteCase[]): Promise<ReadonlyMap<string, unknown>> {
  const failures = new Map<string, unknown>()
  for (const { name, run } of cases) {
    try {
      await run()
    } catch (error) {
      failures.set(name, error)
    }
  }
  return failures
}
