/**
 * The gate of quality: a few problems and seeds for each sampler, compared with stored regrets. Nothing of it is about time.
 * Runs are the same for the same code and machine; but any change of a sampler draws other points, and the margin is what that alone may do.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { measureCurves, type Measurement } from './measure-curves.ts'
import { benchmarksFolder, dataMissing, problemEntries } from './problems/load.ts'
import type { ProblemEntry } from './problems/problem.ts'
import { type Anchors, anchorsOf, bestAfter, type Improvements, normalisedRegret, readAnchors } from './problems/regret.ts'
import { hasSampler } from './samplers.ts'
import { mean } from './statistics.ts'

/** Regret may rise by so many standard errors of the difference between two draws of the seeds. */
const STANDARD_ERRORS = 3
const samplers = ['auto', 'gp', 'tpe', 'forest', 'random']
const seeds = Array.from({ length: 12 }, (_, seed) => seed)
const trials = 50
const checkpoints = [20, 50]

const groups: readonly { readonly name: string; readonly list: string; readonly ids: readonly string[] }[] = [
  { name: 'functions', list: 'functions.json', ids: ['branin/2', 'hartmann6/6', 'rosenbrock/5', 'rastrigin/10', 'ackley/5', 'ackley/40'] },
  { name: 'numeric', list: 'problems.json', ids: ['lcbench/34539', 'lcbench/168331', 'rbv2_rpart/4538', 'rbv2_rpart/375'] },
  { name: 'conditional', list: 'problems.json', ids: ['rbv2_svm/1461', 'rbv2_svm/1494', 'rbv2_svm/22'] },
  { name: 'tables', list: 'problems.json', ids: ['hpobench/australian', 'hpobench/blood_transfusion', 'hpolib/parkinsons_telemonitoring', 'nasbench201/cifar10'] },
]

interface Figure {
  /** At the checkpoints: mean normalised regret over problems and seeds, and by how much it may rise. */
  readonly regret: readonly number[]
  readonly margin: readonly number[]
}

/** By sampler and group; the group `all` holds every problem. */
type Reference = Readonly<Record<string, Readonly<Record<string, Figure>>>>
const referenceFile = join(benchmarksFolder, 'problems', 'quick-reference.json')

/** Answers what failed. `update` stores what is measured as the reference instead. */
export async function quick(data: string, jobs: number, update: boolean): Promise<readonly string[]> {
  const missing = dataMissing(data)
  const there = groups.filter(({ list }) => missing === undefined || list === 'functions.json')
  for (const { name } of groups) if (!there.some((group) => group.name === name)) console.log(`skipped: ${name} (${missing})`)
  for (const name of samplers) if (!hasSampler(name)) console.log(`skipped: ${name} (@attune/samplers has no such sampler)`)
  const chosen = samplers.filter(hasSampler).flatMap((sampler) => there.map((group) => ({ sampler, group })))
  const entriesOf = ({ list, ids }: (typeof groups)[number]): readonly ProblemEntry[] => problemEntries(list).filter(({ id }) => ids.includes(id))
  const measured = await measureCurves(chosen.map(({ sampler, group }): Measurement => ({ sampler, list: group.list, entries: entriesOf(group), data, seeds, trials })), jobs)

  const figures: Record<string, Record<string, Figure>> = {}
  for (const sampler of samplers.filter(hasSampler)) {
    const own = chosen.map((one, index) => ({ ...one, regrets: regretsBySeed(one.group.list, measured[index]?.curves ?? {}) })).filter((one) => one.sampler === sampler)
    const byGroup = Object.fromEntries(own.map(({ group, regrets }) => [group.name, figure(regrets)]))
    figures[sampler] = missing === undefined ? { ...byGroup, all: figure(own.flatMap(({ regrets }) => regrets)) } : byGroup
  }
  const stored = (JSON.parse(readFileSync(referenceFile, 'utf8')) as { readonly reference: Reference }).reference
  if (update) store(stored, figures)
  return [...measured.flatMap(({ failed }) => failed), ...report(update ? figures : stored, figures)]
}

/** One row a problem: at each checkpoint the regret of each seed. */
function regretsBySeed(list: string, curves: Readonly<Record<string, readonly Improvements[]>>): readonly (readonly (readonly number[])[])[] {
  const anchors = readAnchors(anchorsOf(list))
  return Object.entries(curves).map(([id, runs]) => checkpoints.map((at) => runs.map((run) => normalisedRegret(bestAfter(run, at), anchors[id] as Anchors))))
}

function figure(problems: readonly (readonly (readonly number[])[])[]): Figure {
  const bySeed = checkpoints.map((_, at) => seeds.map((__, seed) => mean(problems.map((one) => one[at]?.[seed] ?? Number.NaN))))
  const variance = (values: readonly number[]): number => values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1)
  const rounded = (value: number): number => Number(value.toFixed(5))
  return { regret: bySeed.map((values) => rounded(mean(values))), margin: bySeed.map((values) => rounded(STANDARD_ERRORS * Math.sqrt((2 * variance(values)) / values.length))) }
}

function report(reference: Reference, figures: Reference): readonly string[] {
  const text = (values: readonly number[]): string => values.map((value) => (1000 * value).toFixed(0)).join(' / ')
  const failures: string[] = []
  console.log(`mean normalised regret × 1000 at ${checkpoints.join(' / ')} trials, ${seeds.length} seeds`)
  for (const [sampler, groupsOfSampler] of Object.entries(figures)) {
    for (const [group, { regret }] of Object.entries(groupsOfSampler)) {
      const known = reference[sampler]?.[group]
      const row = `${sampler} on ${group}: ${text(regret)}, ${known === undefined ? 'no reference: store one with --quick --update' : `stored ${text(known.regret)}, may rise by ${text(known.margin)}`}`
      const passed = known !== undefined && regret.every((value, at) => value <= (known.regret[at] as number) + (known.margin[at] as number))
      if (!passed) failures.push(row)
      console.log(`${passed ? '' : 'FAILED '}${row}`)
    }
  }
  return failures
}

/** What cannot be measured here keeps its reference. */
function store(stored: Reference, figures: Reference): void {
  const reference = Object.fromEntries([...new Set([...Object.keys(stored), ...Object.keys(figures)])].map((name) => [name, { ...stored[name], ...figures[name] }]))
  const note = `mean normalised regret at ${checkpoints.join(' and ')} trials by sampler and group, and by how much it may rise: ${STANDARD_ERRORS} standard errors of a difference; stored by: node scripts/run.mjs bench --quick --update`
  writeFileSync(referenceFile, `${JSON.stringify({ formatVersion: 1, note, reference }, null, 1)}\n`)
}
