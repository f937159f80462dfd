import { ensure, ensureEqual } from './check.ts'
import { apply, bodiesOf, completion, historyOf, leaseOf, newStudy, runningTrial, type StorageSubject, waitingTrial } from './storage-suite-support.ts'
import type { SuiteCase } from './suite.ts'

type Test = (name: string, run: (subject: StorageSubject) => Promise<void>) => SuiteCase

/** Fails for a storage that says that it is persistent, but does not give what is needed to show it. */
function ensureGiven({ storage, another, damage }: StorageSubject): void {
  ensure(!storage.persistent || (another !== undefined && damage !== undefined), 'The storage says that it is persistent: give `another` and `damage`, so that this can be shown, or exempt this case and say why.')
}

/** What a storage must keep if it says that it is persistent; the others have nothing to show here. */
export function persistenceCases(test: Test): readonly SuiteCase[] {
  return [
    test('shows every write to others on the same place at once', async (subject) => {
      ensureGiven(subject)
      const { storage, another } = subject
      const other = await another?.()
      if (other === undefined) return
      const { id } = await newStudy(storage)
      for (let i = 0; i < 10; i++) {
        const [writer, reader] = i % 2 === 0 ? [storage, other] : [other, storage]
        await apply(writer, id, runningTrial(`t${i}`))
        await apply(reader, id, completion(i, `t${i}`, i))
        ensureEqual(await historyOf(writer, id), await historyOf(reader, id), `history in the two storages after trial ${i}`)
      }
      ensureEqual((await other.listStudies()).map((study) => study.counts.complete), [10], 'complete trials of the listed studies')
      await other.close()
    }),
    test('keeps everything over a restart', async (subject) => {
      ensureGiven(subject)
      const { storage, another } = subject
      if (another === undefined) return
      const { id } = await newStudy(storage)
      await apply(storage, id, waitingTrial(), runningTrial('a'), runningTrial('b'), { type: 'extend', path: 'x', leaf: 1 })
      await apply(storage, id, completion(1, 'a', 0.5))
      const repeated = { id: 'kept', operations: [waitingTrial({ x: 9 })] }
      const first = await storage.write(id, repeated)
      const history = await historyOf(storage, id)
      const summary = await storage.findStudy('study')
      await storage.close()
      const again = await another()
      ensureEqual(await again.findStudy('study'), summary, 'summary after a restart')
      ensureEqual(await historyOf(again, id), history, 'history after a restart')
      ensureEqual(await again.write(id, repeated), first, 'answer to a request that is repeated after a restart')
      await apply(again, id, completion(2, 'b'), { type: 'claim', lease: leaseOf('c') })
      ensureEqual((await again.findStudy('study'))?.counts, { waiting: 1, running: 1, paused: 0, complete: 2, pruned: 0, failed: 0 }, 'counts after more was done')
      await again.close()
    }),
    test('P17: loses a trial, never the study, to a damaged record', async (subject) => {
      ensureGiven(subject)
      const { storage, another, damage } = subject
      if (another === undefined || damage === undefined) return
      const { id } = await newStudy(storage, 'damaged')
      const untouched = await newStudy(storage, 'untouched')
      await apply(storage, untouched.id, waitingTrial())
      for (let i = 0; i < 4; i++) await apply(storage, id, runningTrial(`t${i}`), { type: 'report', number: i, token: `t${i}`, step: 1, metrics: { loss: i } }, completion(i, `t${i}`, i))
      const before = await bodiesOf(storage, id)
      await storage.close()
      // Trial 0 loses its creation, trial 1 a report, trial 2 its end. Trial 3 is whole.
      for (const revision of [1, 5, 9]) await damage(id, revision)
      const again = await another()
      const after = await bodiesOf(again, id)
      ensureEqual(after.length, before.length, 'length of a history with damaged records')
      for (const index of [3, 5, 6, 7, 9, 10, 11]) ensureEqual(after[index], before[index], `revision ${index + 1}, which is not damaged and whose trial is whole`)
      for (const index of [0, 4, 8]) ensure(JSON.stringify(after[index]).includes(`revision ${index + 1}`), () => `What is answered for damaged revision ${index + 1} must name it: ${JSON.stringify(after[index])}.`)
      const [born] = after
      ensure(born?.type === 'create' && born.number === 0 && born.outcome?.state === 'failed', 'A trial whose creation is damaged must be answered as one that was born failed.')
      for (const index of [1, 2]) ensureEqual(after[index]?.type, 'warn', `type of revision ${index + 1}, a change of a trial whose creation is damaged`)
      ensureEqual(after[4]?.type, 'warn', 'type of a damaged report')
      const end = after[8]
      ensure(end?.type === 'finish' && end.number === 2 && end.outcome.state === 'failed', 'A damaged end of a trial must be answered as a failure: its metrics are not known.')
      await apply(again, id, runningTrial('next'))
      await apply(again, id, completion(4, 'next'))
      ensureEqual((await bodiesOf(again, id)).length, before.length + 2, 'length of the history after the study went on')
      ensureEqual((await bodiesOf(again, untouched.id)).length, 1, 'length of the history of the other study')
      await again.close()
    }),
  ]
}
