import { executorSuite, executorTrainings } from '@attune/testing'
import { automatic } from './automatic.ts'
import { processes } from './processes.ts'
import { threads } from './threads.ts'

const allow = [executorTrainings]

executorSuite('child processes', () => ({ executor: processes({ slots: 2, allow }) }))
executorSuite('threads', () => ({ executor: threads({ slots: 2, allow }) }))
executorSuite('what createStudy of attune uses', () => ({ executor: automatic({ allow }) }), {
  exempt: { 'lets no trial go on while exclusive work runs': 'The trainings of the suite are shared, so they run in this process: exclusive work holds children.' },
})
