import { loggerSuite } from '@attune/testing'
import { progress } from './progress.ts'
import { VirtualTerminal } from './virtual-terminal.test-support.ts'

const shown = 'progress shows reports and keeps none: there is nothing to read back'

for (const isTTY of [true, false]) {
  loggerSuite(`progress ${isTTY ? 'on a terminal' : 'in a file'}`, () => ({ factory: () => progress({ stream: new VirtualTerminal(80, isTTY), environment: {} }) }), {
    exempt: {
      'keeps every report': shown,
      'keeps reports in their order': shown,
      'writes everything when it is closed without a flush': shown,
      'keeps two studies apart': shown,
      'follows a real study, over a restart': shown,
      'says so when its tracker cannot be written': 'a display that is gone concerns nobody: the study goes on in silence',
    },
  })
}
