import type { Evaluator } from '../contracts/evaluator.ts'
import type { StudyDefinition } from '../contracts/storage.ts'

/** A warning for each objective that makes worse what an evaluator measures, as one that maximises a loss. */
export function contraryObjectives(objectives: StudyDefinition['objectives'], evaluators: readonly Evaluator[]): readonly string[] {
  return objectives.flatMap(({ metric, direction }) =>
    evaluators
      .filter(({ directions }) => directions !== undefined && Object.hasOwn(directions, metric) && directions[metric] !== direction)
      .map(({ id }) => `The objective ${direction}s "${metric}", which is better when it is ${direction === 'maximize' ? 'lower' : 'higher'}, says the evaluator "${id}". If you do not mean that: ${direction === 'maximize' ? 'minimize' : 'maximize'}('${metric}').`),
  )
}
