export { type ArtifactStoreSubject, artifactStoreCases, artifactStoreSuite } from './artifact-store-suite.ts'
export { ConformanceError } from './check.ts'
export { exemptionProblems, failingCases, registerSuite, type SuiteCase, type SuiteOptions } from './suite.ts'
