import { InProcessExecutor, type Executor, type Trainer } from '@attune/core'
import { refuseUnknownOptions } from '../unknown-options.ts'
import { threadCounts } from './environment.ts'
import { processExecutor, type ProcessesOptions } from './processes.ts'
import { inheritedDevices } from './slots.ts'

/**
 * Runs exclusive trainers that have a module (`fromModule`) in child processes, with one core each and the cards that this process sees, as many at once as are asked
 * for; everything else in this process. What `createStudy` of `attune` uses unless it is given another executor.
 */
export function automatic(options: Omit<ProcessesOptions, 'slots' | 'devices' | 'cpus' | 'memoryMb' | 'perTrial'> = {}): Executor {
  refuseUnknownOptions('automatic()', options, ['env', 'nodeOptions', 'allow', 'output', 'maxMessageMb'])
  const here = new InProcessExecutor()
  const children = processExecutor('automatic', options, { count: Infinity, variables: () => ({ ...threadCounts(1), ...inheritedDevices() }) })
  const executorOf = ({ concurrency, module }: Trainer): Executor => (concurrency === 'exclusive' && module !== undefined ? children : here)
  return {
    specVersion: 'v1',
    id: 'automatic',
    slots: (trainer) => executorOf(trainer).slots(trainer),
    run: (trainer, trial) => executorOf(trainer).run(trainer, trial),
    exclusively: (work) => children.exclusively(work),
    close: () => children.close(),
  }
}
