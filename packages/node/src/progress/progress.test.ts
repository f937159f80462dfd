import type { Logger, LoggerContext, Objective } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { context, Events, maximizeAccuracy, trial } from './events.test-support.ts'
import { progress } from './progress.ts'
import type { ProgressOptions } from './progress.ts'
import { VirtualClock, VirtualTerminal } from './virtual-terminal.test-support.ts'

interface Setup {
  readonly clock: VirtualClock
  readonly terminal: VirtualTerminal
  readonly logger: Logger
  readonly events: Events
}

async function setup(options: ProgressOptions & { readonly columns?: number; readonly tty?: boolean; readonly context?: LoggerContext } = {}): Promise<Setup> {
  const clock = new VirtualClock()
  const terminal = new VirtualTerminal(options.columns ?? 80, options.tty ?? true)
  const { columns: _columns, tty: _tty, context: given, ...rest } = options
  const logger = await progress({ clock, stream: terminal, environment: { NO_COLOR: '1' }, ...rest }).create(given ?? context())
  return { clock, terminal, logger, events: new Events(clock, (event) => void logger.log(event)) }
}

/** Twelve seconds of a study: three done, one pruned, one failed, two running. */
function play({ clock, events }: Setup): void {
  events.studyStarted(10)
  for (let number = 0; number < 7; number++) {
    events.start(number)
    const last = number === 3 ? 2 : number === 6 ? 1 : 4
    for (let step = 1; step <= last && number !== 4; step++) {
      clock.advance(500)
      events.report(number, step, { loss: 1 / (step + number), valAccuracy: 0.5 + 0.1 * step + 0.01 * number })
    }
    if (number < 3) events.end(number, 'complete', [0.9 + 0.01 * number])
    if (number < 2) events.improve(number)
    if (number === 3) events.end(number, 'pruned', [0.73])
    if (number === 4) {
      events.fail(number, 'out-of-memory', 'asked for 3.1 GB')
      events.warn('tfjs', 'leaked 3 tensors', 2)
    }
  }
}

describe('on a terminal', () => {
  it('shows a block: bar, rate, times, best, running trials and warnings', async () => {
    const given = await setup()
    play(given)
    given.clock.advance(1000)
    expect(given.terminal.screen).toMatchInlineSnapshot(`
      "digits  3 complete, 1 pruned, 1 failed, 2 running
        ━━━━━━━───────────  4/10 trials · 2.6s a trial · 11s elapsed · about 16s left
        best valAccuracy 0.91  trial 1  learningRate=0.01 optimizer.type=adam
        trial 5  3.5s  step 4  valAccuracy=0.95 loss=0.11111
        trial 6  1.5s  step 1  valAccuracy=0.66 loss=0.14286
        ! tfjs: trial 2: leaked 3 tensors"
    `)
  })

  it('counts paused trials towards the total, until they go on or end', async () => {
    const given = await setup({ context: context({ counts: { complete: 1, paused: 1 } }) })
    const { events, clock, terminal } = given
    events.studyStarted(4)
    const shown = (): readonly string[] => {
      clock.advance(1000)
      return [/ {2}(\d complete.*)/.exec(terminal.screen)![1]!, /\d\/4/.exec(terminal.screen)![0]]
    }
    for (const number of [2, 3]) {
      events.start(number)
      clock.advance(500)
      events.pause(number)
    }
    expect(shown()).toEqual(['1 complete, 3 paused', '4/4'])
    events.resume(2)
    expect(shown()).toEqual(['1 complete, 2 paused, 1 running', '3/4'])
    events.end(2, 'complete', [0.9])
    events.end(3, 'pruned', [0.5])
    expect(shown()).toEqual(['2 complete, 1 pruned, 1 paused', '4/4'])
    events.studyStopped('4 trials are done, 1 of them paused')
    await given.logger.close()
    expect(terminal.screen).toContain('2 complete, 1 pruned, 1 paused')
  })

  it('goes on when another process stops', async () => {
    const given = await setup()
    play(given)
    given.events.studyStopped('it was interrupted', 'host/2')
    given.clock.advance(1000)
    expect(given.terminal.screen).toContain('4/10 trials')
    expect(given.terminal.screen).not.toContain('interrupted')
    given.events.studyStopped('10 trials are done')
    expect(given.terminal.screen).toContain('in 11s (10 trials are done)')
    await given.logger.close()
  })

  it('leaves a summary, and nothing of the block', async () => {
    const given = await setup()
    play(given)
    given.events.studyStopped('10 trials are done')
    expect(given.terminal.screen).toMatchInlineSnapshot(`
      "digits: 3 complete, 1 pruned, 1 failed in 9.5s (10 trials are done)
        best valAccuracy 0.91 of trial 1
          learningRate    0.01
          optimizer.type  adam
        pruning saved 2 steps, 13% of 16
        failed: out-of-memory: asked for 3.1 GB (trial 4)
        ! tfjs: trial 2: leaked 3 tensors"
    `)
    await given.logger.close()
    expect(given.clock.waiting).toBe(0)
  })

  it.each([20, 40, 60])('keeps every line within %d columns', async (columns) => {
    const given = await setup({ columns, context: context({ name: '漢字 of a long study 😀😀😀😀' }) })
    play(given)
    given.events.warn('a source', 'a message that is much longer than any line of this terminal can be, even a wide one')
    given.clock.advance(1000)
    const lines = given.terminal.screen.split('\n')
    // One line for each entry: nothing was wrapped.
    expect(lines.length).toBe(7)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns - 1)
    expect(given.terminal.screen).toMatchSnapshot()
  })

  it('redraws at most ten times a second, and shows the end of a burst', async () => {
    const given = await setup()
    given.events.studyStarted(5000)
    const frames = (): number => given.terminal.output.split('\u001b[?2026h').length - 1
    const before = frames()
    for (let number = 0; number < 2000; number++) {
      given.events.start(number)
      given.events.end(number, 'complete', [number])
      given.clock.advance(1)
    }
    expect(frames() - before).toBeLessThanOrEqual(21)
    given.clock.advance(100)
    expect(given.terminal.screen).toContain('2000/5000 trials')
    expect(given.clock.waiting).toBe(1)
  })

  it('lets time go on while nothing happens', async () => {
    const given = await setup()
    given.events.studyStarted()
    given.events.start(0)
    given.clock.advance(65_100)
    expect(given.terminal.screen).toContain('1:05 elapsed')
    expect(given.terminal.screen).toContain('trial 0  1:05')
  })

  it('puts what others print above the block, and waits while a line of theirs is unfinished', async () => {
    const given = await setup()
    given.events.studyStarted(3)
    given.terminal.write('a line of the user\n')
    given.clock.advance(1000)
    expect(given.terminal.screen.split('\n').slice(0, 2)).toEqual(['a line of the user', 'digits  0 complete'])
    given.terminal.write('half ')
    given.clock.advance(2000)
    expect(given.terminal.screen).toBe('a line of the user\nhalf')
    given.terminal.write(Buffer.from('whole\n'))
    given.clock.advance(1000)
    expect(given.terminal.screen.split('\n').slice(0, 3)).toEqual(['a line of the user', 'half whole', 'digits  0 complete'])
    given.terminal.write('half again')
    await given.logger.close()
    expect(given.terminal.screen.split('\n').slice(1, 4)).toEqual(['half whole', 'half again', 'digits: 0 complete in 5.0s'.replace('5.0s', '4.0s')])
  })

  it('gives the stream back as it was, and never hides the cursor', async () => {
    const given = await setup()
    const { write } = given.terminal
    play(given)
    expect(given.terminal.write).not.toBe(write)
    await given.logger.close()
    expect(given.terminal.write).toBe(write)
    expect(given.terminal.output).not.toContain('\u001b[?25l')
  })

  it('shows a second run of the same study', async () => {
    const given = await setup()
    play(given)
    given.events.studyStopped('enough')
    given.clock.advance(5000)
    given.events.studyStarted(20)
    given.clock.advance(1000)
    expect(given.terminal.screen).toContain('4/20 trials · 1.0s elapsed')
  })

  it('shows the latest decision of a sampler, and nothing of it in the summary', async () => {
    const given = await setup()
    play(given)
    given.events.remark('auto', 'gp: it finds most')
    given.events.remark('auto', 'tpe: it is cheaper')
    given.clock.advance(1000)
    const shown = given.terminal.screen.split('\n')
    expect(shown.slice(-2)).toEqual(['  auto: tpe: it is cheaper', '  ! tfjs: trial 2: leaked 3 tensors'])
    expect(given.terminal.screen).not.toContain('it finds most')
    given.events.studyStopped('10 trials are done')
    expect(given.terminal.screen).not.toContain('auto:')
    await given.logger.close()
  })

  it('shows nothing where nothing runs', async () => {
    const given = await setup()
    given.events.warn('x', 'before any run')
    await given.logger.flush()
    await given.logger.close()
    expect(given.terminal.output).toBe('')
  })
})

describe('elsewhere', () => {
  it('writes a line for each trial that ends, the best, and warnings', async () => {
    const given = await setup({ tty: false })
    play(given)
    given.events.requeue(5, 'its process is gone')
    given.events.studyStopped('10 trials are done')
    expect(given.terminal.output).toMatchInlineSnapshot(`
      "digits: maximize valAccuracy, 10 trials
      [ 1/10] trial 0  complete  valAccuracy=0.9  step 4  2.0s
        * best valAccuracy 0.9  trial 0  learningRate=0.01 optimizer.type=adam
      [ 2/10] trial 1  complete  valAccuracy=0.91  step 4  2.0s
        * best valAccuracy 0.91  trial 1  learningRate=0.01 optimizer.type=adam
      [ 3/10] trial 2  complete  valAccuracy=0.92  step 4  2.0s
      [ 4/10] trial 3  pruned    valAccuracy=0.73  step 2  1.0s
      [ 4/10] trial 4  failed    out-of-memory: asked for 3.1 GB
        ! tfjs: trial 2: leaked 3 tensors
      [ 4/10] trial 5  will be started again: lost: its process is gone
      digits: 3 complete, 1 pruned, 1 failed in 9.5s (10 trials are done)
        best valAccuracy 0.91 of trial 1
          learningRate    0.01
          optimizer.type  adam
        pruning saved 2 steps, 13% of 16
        failed: out-of-memory: asked for 3.1 GB (trial 4)
        ! tfjs: trial 2: leaked 3 tensors
      "
    `)
  })

  it('writes warnings to their end, where they say what to do, unless they are endless', async () => {
    const given = await setup({ tty: false })
    given.events.warn('mlflow', `${'The server says much. '.repeat(20)}Set MLFLOW_TRACKING_USERNAME.`)
    expect(given.terminal.output).toContain('Set MLFLOW_TRACKING_USERNAME.\n')
    given.events.warn('tfjs', 'x'.repeat(5000))
    expect(given.terminal.output).toMatch(/ ! tfjs: x{1000}…\n/)
  })

  it('writes what a sampler decided, and cannot be made to write on the terminal by it', async () => {
    const given = await setup({ tty: false })
    given.events.remark('auto', 'gp: a model \u001b[31mfinds most')
    expect(given.terminal.output).toMatch(/^ {2}auto: gp: a model .*finds most$/m)
    expect(given.terminal.output).not.toContain('\u001b')
    given.events.remark('auto', 'x'.repeat(5000))
    expect(given.terminal.output).toMatch(/ auto: x{1000}…\n/)
  })

  it('says what is there already when a study goes on', async () => {
    const best = trial(2, { state: 'complete', values: [0.97] })
    const given = await setup({ tty: false, context: context({ counts: { complete: 5, pruned: 3, failed: 1 }, best }) })
    given.events.studyStarted(10)
    given.events.start(9)
    given.events.end(9, 'complete', [0.9])
    await given.logger.close()
    expect(given.terminal.output).toMatchInlineSnapshot(`
      "digits: maximize valAccuracy, 10 trials; 8 done already, best valAccuracy 0.97 of trial 2
      [ 9/10] trial 9  complete  valAccuracy=0.9  0.0s
      digits: 6 complete, 3 pruned, 1 failed; 1 of them in this run of 0.0s
        best valAccuracy 0.97 of trial 2
          learningRate    0.01
          optimizer.type  adam
      "
    `)
  })

  it('tells of pauses and forks', async () => {
    const { events, terminal } = await setup({ tty: false })
    events.studyStarted(4)
    events.start(0)
    events.report(0, 3, { valAccuracy: 0.7 })
    events.pause(0)
    events.start(1)
    events.end(1, 'complete', [0.8], { parent: 0 })
    expect(terminal.output).toMatchInlineSnapshot(`
      "digits: maximize valAccuracy, 4 trials
      [1/4] trial 0  paused    valAccuracy=0.7  step 3
      [2/4] trial 1 (fork of 0)  complete  valAccuracy=0.8  0.0s
      "
    `)
  })

  it('tells what another process at the study begins and ends, without taking it for the run that is shown', async () => {
    const given = await setup({ tty: false })
    const { events, clock, terminal } = given
    events.studyStarted(4)
    clock.advance(5000)
    events.studyStarted(9, 'host/2')
    events.start(0)
    events.end(0, 'complete', [0.9])
    events.studyStopped('it was interrupted', 'host/2')
    clock.advance(5000)
    events.studyStopped('4 trials are done')
    expect(terminal.output).toMatchInlineSnapshot(`
      "digits: maximize valAccuracy, 4 trials
        host/2 runs trials too
      [1/4] trial 0  complete  valAccuracy=0.9  0.0s
        host/2 has stopped: it was interrupted
      digits: 1 complete in 10s (4 trials are done)
        no trial keeps the constraints
      "
    `)
  })

  it.each([{ CI: 'true' }, { CI: '1' }, { TERM: 'dumb' }])('does so on a terminal with %j', async (environment) => {
    const given = await setup({ environment })
    play(given)
    expect(given.terminal.output).toContain('trial 0  complete')
    expect(given.terminal.output).not.toContain('\u001b[?2026h')
  })

  it('can be asked for either form', async () => {
    expect((await setup({ tty: false, live: true }).then((given) => (play(given), given.clock.advance(1000), given.terminal))).screen).toContain('━')
    expect((await setup({ live: false }).then((given) => (play(given), given.terminal))).output).toContain('[1/10] trial 0  complete'.replace('[1', '[ 1'))
  })
})

describe('colours', () => {
  const coloured = async (tty: boolean, environment: ProgressOptions['environment']): Promise<boolean> => {
    const given = await setup({ tty, environment: environment! })
    play(given)
    given.clock.advance(1000)
    return given.terminal.output.includes('\u001b[32m')
  }

  it.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [false, { FORCE_COLOR: '1' }, true],
    [false, { FORCE_COLOR: '' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [true, { NO_COLOR: '1', FORCE_COLOR: '3' }, true],
    [true, { TERM: 'dumb' }, false],
    [true, { CI: 'true' }, true],
  ])('terminal %j with %j: %j', async (tty, environment, expected) => {
    expect(await coloured(tty, environment)).toBe(expected)
  })
})

describe('several objectives', () => {
  const objectives: readonly Objective[] = [maximizeAccuracy, { metric: 'latencyMs', direction: 'minimize', from: 'last' }]
  const run = ({ events, clock }: Setup): void => {
    events.studyStarted()
    for (const [number, values] of [[0.9, 5], [0.8, 2], [0.7, 9]].entries()) {
      events.start(number)
      events.end(number, 'complete', values, number === 2 ? { values: [0.7, 1], violation: 1 } : {})
      if (number === 0) events.improve(0)
    }
    clock.advance(1000)
  }

  it('shows the best of each, of trials that keep the constraints', async () => {
    const given = await setup({ context: context({ objectives }) })
    run(given)
    expect(given.terminal.screen).toContain('best valAccuracy 0.9  trial 0')
    expect(given.terminal.screen).toContain('best latencyMs 2  trial 1')
  })

  it('does not claim to know earlier sessions', async () => {
    const given = await setup({ context: context({ objectives, counts: { complete: 4 } }) })
    run(given)
    expect(given.terminal.screen).toContain('best now latencyMs 2')
    await given.logger.close()
    expect(given.terminal.screen).toContain('best latencyMs 2 of trial 1 in this run')
  })
})

it('takes corrections into account', async () => {
  const given = await setup()
  play(given)
  given.events.amend(1, { voided: 'wrong data' })
  given.events.amend(1, { voided: 'wrong data' })
  given.clock.advance(1000)
  expect(given.terminal.screen).toContain('2 complete, 1 pruned')
  expect(given.terminal.screen).not.toContain('best')
  given.events.improve(0)
  given.events.amend(0, { values: [0.55] })
  given.clock.advance(1000)
  expect(given.terminal.screen).toContain('best valAccuracy 0.55  trial 0')
  given.events.amend(1, { voided: undefined }, { restore: 'it was right' })
  given.events.rename('digits')
  given.clock.advance(1000)
  expect(given.terminal.screen).toContain('3 complete, 1 pruned')
  expect(given.terminal.screen).toContain('digits')
  expect(given.terminal.screen).toMatch(/best valAccuracy .* trial 1/)
})

it('obeys nothing that a name or a message says', async () => {
  for (const tty of [true, false]) {
    const given = await setup({ tty, context: context({ name: 'x\u001b[2J\u0007\u202e\ny', objectives: [{ ...maximizeAccuracy, metric: 'm\u001b]0;title\u0007' }] }) })
    given.events.studyStarted(2)
    given.events.start(0)
    given.events.fail(0, 'error', 'a\u001b[31mred\nsecond line\u0000')
    given.events.warn('s\u001b[5m', 'w\r\nx')
    given.clock.advance(1000)
    await given.logger.close()
    for (const hostile of ['\u001b[2J', '\u001b]0', '\u001b[5m', '\u001b[31m', '\u0007', '\u202e', '\u0000', '\r']) expect(given.terminal.output).not.toContain(hostile)
    expect(given.terminal.screen).toContain('x\ufffd\ufffd y')
  }
})

it.each([true, false])('goes on in silence when its terminal or pipe is gone (terminal: %j)', async (tty) => {
  const given = await setup({ tty })
  const { write } = given.terminal
  given.events.studyStarted(10)
  given.events.start(0)
  given.terminal.destroy(Object.assign(new Error('broken pipe'), { code: 'EPIPE' }))
  await new Promise((resolve) => given.terminal.once('close', resolve))
  const { output } = given.terminal
  given.events.end(0, 'complete', [0.9])
  given.clock.advance(5000)
  given.events.studyStopped('done')
  await given.logger.close()
  expect([given.terminal.output, given.clock.waiting, given.terminal.listenerCount('error')]).toEqual([output, 0, 0])
  expect(given.terminal.write).toBe(write)
})

it('leaves no listener behind', async () => {
  const given = await setup()
  play(given)
  await given.logger.close()
  expect(given.terminal.listenerCount('error')).toBe(0)
})

it('is silent on request', async () => {
  const given = await setup({ silent: true })
  play(given)
  await given.logger.flush()
  await given.logger.close()
  expect([given.terminal.output, given.clock.waiting, given.logger.cursor]).toEqual(['', 0, 'now'])
})

it.each([-1, 0.5, Number.NaN])('refuses a total of %d', (total) => {
  expect(() => progress({ total })).toThrow(expect.objectContaining({ code: 'OPTION' }))
})
