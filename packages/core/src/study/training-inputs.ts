import type { Trainer } from '../contracts/trainer.ts'
import { type TrainingInput, trainingInputs } from '../contracts/training-input.ts'
import type { Json } from '../contracts/values.ts'
import { AttuneError, describe } from '../errors.ts'
import { copyJson, encodeJson } from '../json.ts'
import { show } from '../space/show.ts'
import type { StudyEngine } from './engine.ts'
import { didYouMean } from './nearest-name.ts'

const texts = ['digest', 'context', 'sourceType', 'source'] as const
const known: readonly (keyof TrainingInput)[] = ['kind', 'name', ...texts, 'schema', 'profile']

/** What a trainer says that it starts from, as plain data. Throws OPTION. */
export function checkedInputs({ id, inputs }: Pick<Trainer, 'id' | 'inputs'>): Json | undefined {
  if (inputs === undefined) return undefined
  const wrong = (what: string): AttuneError => new AttuneError('OPTION', `The inputs of trainer "${id}" ${what} Give a list, as in [{ kind: 'dataset', name: 'digits', context: 'training' }].`)
  if (!Array.isArray(inputs)) throw wrong(`cannot be ${show(inputs)}.`)
  for (const [i, input] of (inputs as readonly unknown[]).entries()) {
    if (typeof input !== 'object' || input === null) throw wrong(`have ${show(input)} at index ${i}.`)
    const { kind, name } = input as Partial<TrainingInput>
    if (kind !== 'dataset' && kind !== 'model') throw wrong(`have ${show(kind)} as "kind" at index ${i}, which must be 'dataset' or 'model'.`)
    if (typeof name !== 'string' || name === '') throw wrong(`have ${show(name)} as "name" at index ${i}, which must be a text.`)
    for (const [key, value] of Object.entries(input)) {
      if (!(known as readonly string[]).includes(key)) throw wrong(`have the unknown key "${key}" at index ${i}.${didYouMean(key, known)}`)
      if ((texts as readonly string[]).includes(key) && value !== undefined && typeof value !== 'string') throw wrong(`have ${show(value)} as "${key}" at index ${i}, which must be a text.`)
    }
  }
  try {
    return copyJson(inputs.map((input: object) => Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))), 'The list')
  } catch (error) {
    throw wrong(`are not plain data (${describe(error)}).`)
  }
}

/** Writes down what the trials to come start from, unless it is known already. */
export async function recordInputs(engine: StudyEngine, inputs: Json | undefined): Promise<void> {
  const before = engine.history.attributes[trainingInputs]
  if (inputs === undefined || (before !== undefined && encodeJson(before) === encodeJson(inputs))) return
  await engine.setAttribute(undefined, trainingInputs, inputs)
}
