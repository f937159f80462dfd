export { ConformanceError } from './check.ts'
export { exemptionProblems, failingCases, registerSuite, type SuiteCase, type SuiteOptions } from './suite.ts'
