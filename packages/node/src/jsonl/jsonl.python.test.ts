import { readFileSync } from 'node:fs'
import { readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { boolean, choice, createStudy, float, int, minimize, systemClock, MemoryStorage } from '@attune/core'
import type { StudyEvent } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { missingPython, runPython } from '../../../../tools/python/run.mjs'
import { temporaryFolder } from './files.test-support.ts'
import { jsonl } from './jsonl.ts'

const page = readFileSync(new URL('../../../../docs/jsonl.md', import.meta.url), 'utf8')
const block = (language: string): string => {
  const [text] = [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map((match) => match[1]!)
  if (text === undefined) throw new Error(`docs/jsonl.md has no block of ${language}`)
  return text
}

/** Two studies in one folder, rotated: curves, a pruned and a failed trial, parameters of every type, every odd number. */
async function studies(folder: string): Promise<{ readonly events: readonly StudyEvent[]; readonly best: readonly (readonly [string, number, number])[] }> {
  const best: (readonly [string, number, number])[] = []
  let events: StudyEvent[] = []
  for (const name of ['digits', 'letters']) {
    const study = await createStudy({ name, storage: new MemoryStorage(systemClock), seed: 3, objective: minimize('loss'), space: { rate: float(0, 1), units: int(1, 8), kind: choice(['tree', 'net']), fast: boolean() }, loggers: [jsonl({ folder, rotate: { bytes: 20_000 } })] })
    await study.optimize(async function* ({ number, params: { rate, units } }) {
      for (let step = 1; step <= 4; step++) yield { step, loss: rate + units / step / 3, odd: [NaN, Infinity, -Infinity, -0, 5e-324, 1 / 3, 1e21][(number + step) % 7]! }
      if (number === 2) throw new Error('This trial fails on purpose.')
    }, { trials: 8 })
    best.push([name, study.best.number, study.best.value])
    events = []
    for await (const event of study.events()) events.push(event)
    await study.close()
  }
  return { events, best }
}

/** What the odd numbers read as: pairs of text, so that none gets lost on the way here. */
const text = (value: number): string => (Object.is(value, -0) ? '-0' : String(value))

describe.skipIf(missingPython !== undefined)(`JSON lines in Python${missingPython === undefined ? '' : ` (${missingPython})`}`, () => {
  it('P11: pandas and DuckDB read each number of a log as it was, in columns that stay numeric, and run every query of docs/jsonl.md', async () => {
    await using folder = await temporaryFolder()
    const logs = join(folder.path, 'attune-logs')
    const { events, best } = await studies(logs)
    const files = await readdir(logs)
    expect(files.length).toBeGreaterThan(4)
    const letters = files.filter((name) => name.startsWith('letters')).toSorted()
    // The last study's log as one file, as the page has it.
    const program = `
import glob, json, os
os.chdir(${JSON.stringify(folder.path)})
with open("digits.jsonl", "wb") as whole:
    for name in sorted(glob.glob("attune-logs/letters*.jsonl")): whole.write(open(name, "rb").read())
out = {}
import builtins
printed = []
print_ = builtins.print
builtins.print = lambda *a, **k: printed.append(a)
${block('python')}
builtins.print = print_
out["types"] = {name: str(dtype) for name, dtype in df.dtypes.items()}
out["events"] = df[df.kind == "event"].event.value_counts().to_dict()
out["curve"] = {str(int(n)): curves[n].tolist() for n in curves.columns}
out["columns"] = list(trials.columns); out["first"] = int(trials.sort_values("loss").index[0]); out["rows"] = len(trials)
odd = df[(df.event == "trial.reported") & (df.name == "odd")].sort_values("revision")
out["odd"] = [repr(float(v)) if v == v else str(t) for v, t in zip(odd.value, odd.text)]
out["printed"] = len(printed)
import duckdb
answers = []
for statement in ${JSON.stringify(block('sql'))}.split(";\\n"):
    if statement.strip(): answers.append(duckdb.sql(statement).fetchall())
out["duck"] = answers
glob_ = "read_json('attune-logs/letters*.jsonl')"
out["duckTypes"] = {row[0]: row[1] for row in duckdb.sql("DESCRIBE FROM " + glob_).fetchall()}
out["duckOdd"] = [repr(row[0]) for row in duckdb.sql("SELECT coalesce(value, text::DOUBLE) FROM " + glob_ + " WHERE event = 'trial.reported' AND name = 'odd' ORDER BY revision").fetchall()]
print(json.dumps(out))`
    const answer = runPython(program) as {
      readonly types: { readonly [column: string]: string }
      readonly events: { readonly [event: string]: number }
      readonly curve: { readonly [trial: string]: readonly number[] }
      readonly columns: readonly string[]
      readonly first: number
      readonly rows: number
      readonly odd: readonly string[]
      readonly printed: number
      readonly duck: readonly (readonly (readonly unknown[])[])[]
      readonly duckTypes: { readonly [column: string]: string }
      readonly duckOdd: readonly string[]
    }
    expect(letters.length).toBeGreaterThan(1)
    expect(answer.types).toMatchObject({ revision: 'int64', timestamp: expect.stringMatching(/^datetime64\[.*UTC/), trial: 'float64', step: 'float64', value: 'float64', event: expect.stringMatching(/^(str|object)$/) })
    expect(answer.duckTypes).toMatchObject({ revision: 'BIGINT', timestamp: 'TIMESTAMP WITH TIME ZONE', trial: 'BIGINT', step: 'BIGINT', value: 'DOUBLE', text: 'VARCHAR', event: 'VARCHAR' })

    // The study is closed after `events` was read: what its log has beyond them is nothing.
    const counted: { [event: string]: number } = {}
    for (const { type } of events) counted[type] = (counted[type] ?? 0) + 1
    expect(answer.events).toEqual(counted)
    const reports = events.flatMap((event) => (event.type === 'trial.reported' ? [event] : []))
    const curve = (number: number): readonly number[] => reports.filter(({ trial }) => trial.number === number).map(({ report }) => report.metrics['loss']!)
    expect(answer.curve).toEqual(Object.fromEntries([...new Set(reports.map(({ trial }) => trial.number))].map((number) => [String(number), curve(number)])))
    expect(answer.columns).toEqual(['fast', 'kind', 'rate', 'units', 'loss', 'odd'])
    expect([answer.first, answer.rows, answer.printed]).toEqual([best[1]![1], 8, 2])
    const written = reports.map(({ report }) => text(report.metrics['odd']!))
    const read = (values: readonly string[]): readonly string[] => values.map((value) => text(value === 'nan' ? NaN : value === 'inf' ? Infinity : value === '-inf' ? -Infinity : Number(value)))
    expect(read(answer.odd)).toEqual(written)
    expect(read(answer.duckOdd)).toEqual(written)
    expect(new Set(written).size).toBe(7)

    const [bests, pivot, durations, oddities] = answer.duck
    expect(bests).toEqual(best)
    expect(pivot).toHaveLength(4)
    expect(pivot![0]).toHaveLength(10)
    expect(durations!.map(([, , state]) => String(state)).toSorted((a, b) => a.localeCompare(b))).toEqual([...Array.from({ length: 8 }, () => 'complete'), 'failed'])
    expect(oddities![0]!.map(Number)).toEqual([2 * reports.length * 2, ...[NaN, Infinity].map((one) => 2 * written.filter((value) => (Number.isNaN(one) ? value === 'NaN' : value.endsWith('Infinity'))).length)])
  })

  it('a log with every hostile text is read by both', async () => {
    await using folder = await temporaryFolder()
    const study = await createStudy({ name: '../../ü\ud83d\u0000"\n', seed: 3, objective: minimize('loss'), space: { x: float(0, 1) }, loggers: [jsonl({ folder: join(folder.path, 'logs') })] })
    const warnings: string[] = []
    study.on((event) => event.type === 'warning' && warnings.push(event.message))
    for (const [i, name] of ['\ud83dlone', 'nul\u0000', 'new\nline', '🧪', "'); DROP", 'y'.repeat(150_000)].entries()) await study.setAttribute(`k${i}`, name)
    await study.setAttribute('huge', 'z'.repeat(2_500_000))
    await study.optimize(({ params: { x } }) => x, { trials: 2 })
    await study.close()
    const [file] = await readdir(join(folder.path, 'logs'))
    expect(file).toMatch(/^u-[0-9a-f]{10}\.jsonl$/)
    await rename(join(folder.path, 'logs', file!), join(folder.path, 'log.jsonl'))
    const [pandas, duckdb] = runPython(`
import json, os, pandas as pd, duckdb
os.chdir(${JSON.stringify(folder.path)})
df = pd.read_json("log.jsonl", lines=True)
a = df[df.event == "attribute.set"].text.tolist()
b = [row[0] for row in duckdb.sql("SELECT text FROM read_json('log.jsonl') WHERE event = 'attribute.set' ORDER BY revision").fetchall()]
print(json.dumps([a, b]))`) as readonly (readonly string[])[]
    expect(pandas).toEqual(duckdb)
    expect(pandas!.slice(0, 5)).toEqual(['\ufffdlone', 'nul\u0000', 'new\nline', '🧪', "'); DROP"])
    expect(pandas!.at(-1)).toMatch(/^z{2000000} … \(cut: 2500000 characters in all\)$/)
    expect(warnings).toEqual([expect.stringContaining('Texts that are longer than JSON readers take are cut')])
  })
})
