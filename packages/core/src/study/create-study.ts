import { composeServices, type Services } from '../container/container.ts'
import type { Module, Registry } from '../container/registry.ts'
import { tokens } from '../container/tokens.ts'
import type { Clock } from '../contracts/clock.ts'
import type { Objective, OutcomeConstraint } from '../contracts/objective.ts'
import type { Storage, StudyDefinition, StudySummary } from '../contracts/storage.ts'
import { AttuneError } from '../errors.ts'
import { InProcessExecutor } from '../executor/in-process-executor.ts'
import { minimize, type OutcomeBound } from '../objective/objectives.ts'
import { random } from '../random/random-sampler.ts'
import { ThreefryRandom } from '../random/threefry.ts'
import { differenceOfForms } from '../space/difference-of-forms.ts'
import { extensionOf, type Extension } from '../space/extension.ts'
import { show } from '../space/show.ts'
import { Space, space as buildSpace } from '../space/space.ts'
import type { Params, SpaceInput } from '../space/types.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { anonymousHost, randomName, systemClock } from '../system.ts'
import { StudyEngine } from './engine.ts'
import { answered } from './answered.ts'
import { checkPlugins } from './check-plugins.ts'
import { checkStudyName } from './corrections/corrections.ts'
import { extendSpace } from './corrections/space.ts'
import { list } from './metrics.ts'
import { checkKeep } from './artifacts/keep.ts'
import { didYouMean } from './nearest-name.ts'
import type { DuplicatePolicy, StudyOptions } from './options.ts'
import { checkNumber } from './stop-rules.ts'
import { isFactory } from './opened.ts'
import { StudyAccess } from './study-access.ts'
import { StudyLoggers } from './study-loggers.ts'
import { Study } from './study.ts'
import { neverPrune } from './never-prune.ts'

/** What a study is made of when nobody says otherwise. */
const defaults: Module = {
  register(registry) {
    registry.value(tokens.clock, systemClock)
    registry.value(tokens.random, (seed) => new ThreefryRandom(seed))
    registry.factory(tokens.host, [], anonymousHost)
    registry.factory(tokens.storage, [tokens.clock], (clock) => ({ specVersion: 'v1' as const, id: 'memory', create: () => new MemoryStorage(clock) }))
    registry.value(tokens.artifacts, undefined)
    registry.factory(tokens.executor, [], () => new InProcessExecutor())
    registry.factory(tokens.sampler, [], random)
    registry.value(tokens.pruner, neverPrune)
  },
}

/** The options of a study as a module, between the defaults and the user's own. */
function optionsModule(options: StudyOptions<SpaceInput | undefined>): Module {
  const put = <T>(registry: Registry, token: symbol & { readonly service?: T }, value: T | undefined): void => {
    if (value !== undefined) registry.value(token, value)
  }
  return {
    register(registry) {
      put(registry, tokens.sampler, options.sampler)
      put(registry, tokens.pruner, options.pruner)
      put(registry, tokens.storage, options.storage)
      put(registry, tokens.artifacts, options.artifacts)
      put(registry, tokens.executor, options.executor)
      for (const logger of options.loggers ?? []) registry.value(tokens.loggers, logger)
    },
  }
}

const policies: readonly DuplicatePolicy[] = ['allow', 'avoid', 'reuse', 'repeat']

function checkOptions(options: StudyOptions<SpaceInput | undefined>): void {
  if (typeof options !== 'object' || options === null) throw new AttuneError('OPTION', `createStudy takes an object of options, as in { space: { x: float(0, 1) } }, got ${show(options)}.`)
  const known = ['name', 'space', 'objective', 'constraints', 'metrics', 'seed', 'sampler', 'pruner', 'storage', 'loggers', 'artifacts', 'keep', 'executor', 'ifExists', 'duplicates', 'lease', 'revise', 'use']
  for (const key of Object.keys(options)) if (!known.includes(key)) throw new AttuneError('OPTION', `createStudy does not know the option "${key}".${didYouMean(key, known)}`)
  checkPlugins(options)
  checkChoice('ifExists', options.ifExists, ['resume', 'error', 'new'])
  checkChoice('duplicates', options.duplicates, policies)
  checkKeep(options.keep)
  if (options.lease !== undefined) checkNumber('lease', options.lease, 1000, false)
}

function checkChoice(name: string, value: string | undefined, known: readonly string[]): void {
  if (value !== undefined && !known.includes(value)) throw new AttuneError('OPTION', `${name} must be one of ${list(known)}, got ${String(value)}.${didYouMean(String(value), known)}`)
}

function buildDefinition(name: string, space: Space<unknown> | undefined, options: StudyOptions<SpaceInput | undefined>, seed: number): StudyDefinition {
  const given = options.objective ?? minimize('value')
  const objectives = (Array.isArray(given) ? given : [given]) as readonly Objective[]
  if (objectives.length === 0) throw new AttuneError('OPTION', 'A study needs at least one objective, as in minimize("loss").')
  for (const objective of objectives as readonly unknown[]) {
    if (typeof objective !== 'object' || objective === null || !('metric' in objective)) throw new AttuneError('OPTION', `objective cannot be ${show(objective)}: give minimize('loss') or maximize('accuracy').`)
  }
  const names = objectives.map(({ metric }) => metric)
  for (const [metric, bound] of Object.entries((options.constraints ?? {}) as { readonly [metric: string]: unknown })) {
    if (typeof bound !== 'object' || bound === null || !('limit' in bound)) throw new AttuneError('OPTION', `The constraint on "${metric}" cannot be ${show(bound)}: give atMost(5) or atLeast(5).`)
  }
  const twice = names.find((metric, i) => names.indexOf(metric) !== i)
  if (twice !== undefined) throw new AttuneError('OPTION', `"${twice}" is an objective twice.`)
  const constraints: readonly OutcomeConstraint[] = Object.entries(options.constraints ?? {}).map(([metric, bound]) => ({ metric, ...(bound as OutcomeBound) }))
  const metrics = options.metrics === undefined ? null : [...options.metrics]
  for (const metric of metrics === null ? [] : [...names, ...constraints.map((constraint) => constraint.metric)]) {
    if (!metrics!.includes(metric)) throw new AttuneError('UNDECLARED_METRIC', `"${metric}" is used as an objective or constraint, but not among the declared metrics ${list(metrics!)}.${didYouMean(metric, metrics!)}`)
  }
  return { name, space: space === undefined ? null : space.toJSON(), fingerprint: space?.fingerprint ?? null, objectives, constraints, metrics, seed }
}

/** What differs between the study that exists and the one asked for, a line each. */
function differences(stored: StudyDefinition, wanted: StudyDefinition, space: Space<unknown> | undefined, options: StudyOptions<SpaceInput | undefined>): readonly string[] {
  const lines: string[] = []
  if (stored.fingerprint !== wanted.fingerprint) {
    if (stored.space === null || space === undefined) lines.push(stored.space === null ? 'the space was defined by running and is declared now' : 'the space was declared and is to be defined by running now')
    else lines.push(...differenceOfForms(stored.space, space.toJSON()))
  }
  const compare = (what: string, before: unknown, now: unknown): void => {
    const [a, b] = [JSON.stringify(before), JSON.stringify(now)]
    if (a !== b) lines.push(`${what}: ${a} → ${b}`)
  }
  compare('objectives', stored.objectives, wanted.objectives)
  compare('constraints on metrics', stored.constraints, wanted.constraints)
  compare('metrics', stored.metrics, wanted.metrics)
  if (options.seed !== undefined) compare('seed', stored.seed, wanted.seed)
  return lines
}

/** How the space of the study would have to be extended, if that is all that differs; undefined if it is not, or cannot be. */
function extensionWanted(stored: StudyDefinition, space: Space<unknown> | undefined, lines: readonly string[], options: StudyOptions<SpaceInput | undefined>): Extension | undefined {
  if (space === undefined || stored.space === null || stored.fingerprint === space.fingerprint) return undefined
  if (lines.length > differenceOfForms(stored.space, space.toJSON()).length) return undefined
  const extension = extensionOf(space.revision(stored.space), space, options.revise?.values ?? {})
  return extension.problems.length === 0 || options.revise !== undefined ? extension : undefined
}

function changed(name: string, lines: readonly string[], extension: Extension | undefined, revise: boolean): AttuneError {
  const indented = (messages: readonly string[]): string => messages.map((message) => `  ${message}`).join('\n')
  const { problems = [], needed = [] } = extension ?? {}
  const values = needed.length === 0 ? '' : `values: { ${needed.map((parameter) => `'${parameter.split(',')[0]}': …`).join(', ')} }, `
  const remedy =
    extension === undefined ? "Open it as it was, or use another name, or ifExists: 'new'."
    : problems.length > 0 ? `The space cannot be extended to the new one:\n${indented(problems)}\nOpen it as it was, or use another name, or ifExists: 'new'.`
    : `The new space has every point of the old one. To extend the study, ${revise ? 'say what trials so far had:' : 'open it with'} revise: { ${values}note: 'why' }. To leave it as it is, use another name, or ifExists: 'new'.`
  return new AttuneError('STUDY_CHANGED', `Study "${name}" exists with another definition:\n${indented(lines)}\n${remedy}`, { details: { differences: lines, problems, needed } })
}

interface Found {
  readonly summary: StudySummary
  readonly existed: boolean
  /** True if its space is to become the one that is asked for. */
  readonly extend: boolean
}

async function findOrCreate(storage: Storage, clock: Clock, definition: StudyDefinition, space: Space<unknown> | undefined, options: StudyOptions<SpaceInput | undefined>): Promise<Found> {
  const ifExists = options.ifExists ?? (storage.persistent ? 'resume' : 'error')
  for (let suffix = 1; ; suffix++) {
    const name = suffix === 1 ? definition.name : `${definition.name}-${suffix}`
    const request = randomName()
    const created = await answered(clock, () => storage.createStudy({ ...definition, name }, request))
    if (created !== undefined) return { summary: created, existed: false, extend: false }
    if (ifExists === 'new') continue
    if (ifExists === 'error') throw new AttuneError('STUDY_EXISTS', `A study named "${name}" exists already. Pass ifExists: 'resume' to go on with it, ifExists: 'new' for another name, or give a name of its own.`)
    const summary = await answered(clock, () => storage.findStudy(name))
    if (summary === undefined) {
      suffix-- // It was deleted in between: try again.
      continue
    }
    const lines = differences(summary.definition, definition, space, options)
    if (lines.length === 0) return { summary, existed: true, extend: false }
    const extension = extensionWanted(summary.definition, space, lines, options)
    const extend = options.revise !== undefined && extension?.problems.length === 0 && extension.needed.length === 0
    if (!extend) throw changed(name, lines, extension, options.revise !== undefined)
    return { summary, existed: true, extend }
  }
}

/** Resolves the services and opens the storage. */
async function openStorage(services: Services): Promise<{ readonly storage: Storage; readonly owned: boolean }> {
  const given = services.get(tokens.storage)
  return isFactory(given) ? { storage: await given.create(), owned: true } : { storage: given, owned: false }
}

/**
 * Makes a study, or opens the one of that name again.
 *
 * Throws OPTION and UNDECLARED_METRIC for options that do not fit, the errors of spaces (see `space`), STUDY_EXISTS,
 * STUDY_CHANGED with the differences (and how to extend the study, where the new space allows that), UNSUPPORTED if the sampler or pruner cannot work on the problem, and what the storage throws.
 * @example const study = await createStudy({ space: { x: float(-10, 10) }, seed: 1 })
 */
export async function createStudy<const S extends SpaceInput | undefined = undefined, const M extends string = string>(options: StudyOptions<S, M> = {}): Promise<Study<S extends SpaceInput ? Params<S> : { readonly [name: string]: string | number | boolean | null }, M>> {
  const given = options as unknown as StudyOptions<SpaceInput | undefined>
  checkOptions(given)
  const space = given.space === undefined ? undefined : given.space instanceof Space ? given.space : (buildSpace(given.space as never) as Space<unknown>)
  const name = given.name ?? 'study'
  checkStudyName(name)
  const seed = given.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!
  const services = composeServices([defaults, optionsModule(given), ...(given.use ?? [])])
  const randomSource = services.get(tokens.random)
  randomSource(seed)
  const { storage, owned } = await openStorage(services)
  try {
    const clock = services.get(tokens.clock)
    const { summary, existed, extend } = await findOrCreate(storage, clock, buildDefinition(name, space, given, seed), space, given)
    const access = new StudyAccess(storage, clock, summary, space ?? Space.dynamic())
    const host = services.get(tokens.host)
    await access.sync()
    if (extend) await extendSpace(access, host.identity, space!, given.revise!)
    const sampler = services.get(tokens.sampler)
    const pruner = services.get(tokens.pruner)
    const engine = new StudyEngine({
      access,
      clock,
      host,
      random: randomSource,
      sampler,
      pruner,
      artifacts: services.get(tokens.artifacts),
      keep: checkKeep(given.keep),
      duplicates: given.duplicates ?? 'allow',
      lease: given.lease ?? 60_000,
      persistent: storage.persistent,
    })
    if (existed) await engine.neighbours.lookAround()
    const executor = services.get(tokens.executor)
    const loggers = new StudyLoggers(engine, services.all(tokens.loggers), storage.persistent)
    await loggers.startOwn()
    const study = new Study<never, M>({ engine, executor, storage, ownsStorage: owned, loggers, announced: true })
    try {
      await access.mustWrite([{ type: 'session', owner: engine.owner, phase: existed ? 'resumed' : 'opened', session: access.session, ...(loggers.sharedIds.length === 0 ? {} : { loggers: loggers.sharedIds }), sampler: `${sampler.id}@${sampler.revision}`, pruner: pruner.id }])
      await loggers.look()
      await loggers.settled()
    } catch (error) {
      await study.close()
      throw error
    }
    return study
  } catch (error) {
    if (owned) await storage.close()
    throw error
  }
}
