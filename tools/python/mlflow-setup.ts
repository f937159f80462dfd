import type { TestProject } from 'vitest/node'
import { missingMlflow, startMlflow } from './mlflow.mjs'

declare module 'vitest' {
  interface ProvidedContext {
    /** Tracking URI of a real server that all tests of the project share, so each takes experiments of its own; undefined where there is no MLflow. */
    readonly mlflow: string | undefined
  }
}

/** For vitest: a real MLflow server while the tests of a project run. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (missingMlflow !== undefined) {
    console.log(`SKIPPED: the tests of project "mlflow" (*.mlflow.test.ts). ${missingMlflow}`)
    project.provide('mlflow', undefined)
    return undefined
  }
  const server = await startMlflow()
  project.provide('mlflow', server.url)
  return () => server.stop()
}
