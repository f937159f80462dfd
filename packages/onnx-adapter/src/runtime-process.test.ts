import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { cpuSession, echoModel, endlessModel } from './models.test-support.ts'
import type { RequestBody } from './protocol.ts'
import { createRuntimeProcess } from './runtime-process.ts'

const inputs = { data: Float32Array.from([0.5, 0.25, 0.25]), dims: [1, 3] }
const load = (model: Uint8Array): RequestBody => ({ type: 'load', model, session: cpuSession })
const predict: RequestBody = { type: 'predict', inputs, batchSize: 1 }
const timeout = 60_000

/** Waits for a condition that another process brings about; vitest's deadline catches a hang. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(10)
}

/** A process that ended but was not collected by its new parent yet counts as gone. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return true
  }
  return existsSync(`/proc/${pid}/stat`) && / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}

/** Until the process has computed for a tenth of a second: then it is inside the endless model. Elsewhere than on Linux nobody says. */
async function untilBusy(pid: number): Promise<void> {
  if (process.platform !== 'linux') return
  const ticks = (): number => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return Number(fields[11]) + Number(fields[12])
  }
  const before = ticks()
  await until(() => ticks() >= before + 10)
}

describe('the child', () => {
  test('is started once and used again', async () => {
    const runtime = createRuntimeProcess([load(echoModel())])
    expect(runtime.pid).toBeUndefined()
    await runtime.request(predict, { timeout })
    const { pid } = runtime
    await Promise.all([runtime.request(predict, { timeout }), runtime.request(predict, { timeout })])
    expect(runtime.pid).toBe(pid)
    await runtime.close()
    expect(runtime.pid).toBeUndefined()
    expect(isGone(pid!)).toBe(true)
  })

  test('is started again, with its preamble, after close', async () => {
    const runtime = createRuntimeProcess([load(echoModel())])
    await runtime.request(predict, { timeout })
    const first = runtime.pid
    await runtime.close()
    await runtime.close()
    expect(await runtime.request(predict, { timeout })).toEqual({ y: inputs })
    expect(runtime.pid).not.toBe(first)
    await runtime.close()
  })

  test('is killed by an abort while it computes, and so frees the next request', async () => {
    const runtime = createRuntimeProcess([load(endlessModel())])
    await runtime.request({ type: 'describe' }, { timeout })
    const pid = runtime.pid!
    const controller = new AbortController()
    const endless = runtime.request(predict, { timeout, signal: controller.signal })
    const next = runtime.request({ type: 'describe' }, { timeout })
    await untilBusy(pid)
    controller.abort(new Error('enough'))
    await expect(endless).rejects.toMatchObject({ code: 'ONNX_ABORTED', cause: controller.signal.reason })
    expect(isGone(pid)).toBe(true)
    expect(await next).toMatchObject({ inputs: [{ name: 'x' }] })
    await runtime.close()
  })

  test('is not waited for by a request that is aborted before its turn', async () => {
    const runtime = createRuntimeProcess([load(endlessModel())])
    await runtime.request({ type: 'describe' }, { timeout })
    const pid = runtime.pid!
    const running = new AbortController()
    const waiting = new AbortController()
    const endless = runtime.request(predict, { timeout, signal: running.signal })
    const queued = runtime.request({ type: 'describe' }, { timeout, signal: waiting.signal })
    await untilBusy(pid)
    waiting.abort(new Error('enough'))
    await expect(queued).rejects.toMatchObject({ code: 'ONNX_ABORTED', cause: waiting.signal.reason, message: expect.stringContaining('before it began') })
    expect(runtime.pid).toBe(pid)
    running.abort()
    await expect(endless).rejects.toMatchObject({ code: 'ONNX_ABORTED' })
  })

  test('is killed by a time-out', async () => {
    const runtime = createRuntimeProcess([load(endlessModel())])
    await runtime.request({ type: 'describe' }, { timeout })
    const pid = runtime.pid!
    await expect(runtime.request(predict, { timeout: 50 })).rejects.toMatchObject({ code: 'ONNX_TIMEOUT', message: expect.stringContaining('50 ms') })
    expect(isGone(pid)).toBe(true)
  })

  test('is not started for a request that was aborted before', async () => {
    const runtime = createRuntimeProcess()
    await expect(runtime.request({ type: 'describe' }, { timeout, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ONNX_ABORTED' })
    expect(runtime.pid).toBeUndefined()
  })

  test('that crashes fails its request, with the signal, and the next one works', async () => {
    const runtime = createRuntimeProcess([load(endlessModel())])
    await runtime.request({ type: 'describe' }, { timeout })
    const endless = runtime.request(predict, { timeout })
    await untilBusy(runtime.pid!)
    process.kill(runtime.pid!, 'SIGKILL')
    await expect(endless).rejects.toMatchObject({ code: 'ONNX_CRASHED', message: expect.stringContaining('SIGKILL') })
    expect(await runtime.request({ type: 'describe' }, { timeout })).toMatchObject({ outputs: [{ name: 'y' }] })
    await runtime.close()
  })

  test('that dies between requests is replaced', async () => {
    const runtime = createRuntimeProcess([load(echoModel())])
    await runtime.request(predict, { timeout })
    const pid = runtime.pid!
    process.kill(pid, 'SIGKILL')
    await until(() => runtime.pid === undefined)
    expect(await runtime.request(predict, { timeout })).toEqual({ y: inputs })
    await runtime.close()
  })

  test('that is released while it computes fails the evaluation and those that wait, for which no other is started', async () => {
    const runtime = createRuntimeProcess([load(endlessModel())])
    await runtime.request({ type: 'describe' }, { timeout })
    const endless = runtime.request(predict, { timeout })
    const waiting = runtime.request({ type: 'describe' }, { timeout })
    await untilBusy(runtime.pid!)
    await Promise.all([...[endless, waiting].map((request) => expect(request).rejects.toMatchObject({ code: 'ONNX_ABORTED' })), runtime.close()])
    expect(runtime.pid).toBeUndefined()
  })

  test('that cannot take its preamble is replaced, too', async () => {
    const runtime = createRuntimeProcess([load(new Uint8Array(3))])
    for (let time = 0; time < 2; time++) {
      await expect(runtime.request(predict, { timeout })).rejects.toMatchObject({ code: 'ONNX_MODEL' })
      expect(runtime.pid).toBeUndefined()
    }
  })

  test('answers a malformed request', async () => {
    const runtime = createRuntimeProcess()
    await expect(runtime.request({ type: 'predict', inputs: 7, batchSize: 1 } as unknown as RequestBody, { timeout })).rejects.toMatchObject({ code: 'ONNX_PROTOCOL' })
    await expect(runtime.request(predict, { timeout })).rejects.toMatchObject({ code: 'ONNX_PROTOCOL', message: 'There is no model loaded.' })
    await runtime.close()
  })

  test.skipIf(process.platform !== 'linux')('gets no variables but those that are allowed (on Linux, where they can be seen)', async () => {
    const runtime = createRuntimeProcess([load(echoModel())])
    const { NODE_OPTIONS } = process.env
    process.env['ATTUNE_CANARY_TOKEN'] = 'canary'
    process.env['NODE_OPTIONS'] = '--no-warnings'
    try {
      await runtime.request(predict, { timeout })
      const variables = readFileSync(`/proc/${runtime.pid}/environ`, 'utf8').split('\0').map((variable) => variable.split('=')[0]!)
      expect(variables.filter((name) => name !== '' && !name.startsWith('NODE_CHANNEL'))).toEqual(expect.arrayContaining(['PATH']))
      expect(variables).not.toContain('ATTUNE_CANARY_TOKEN')
      expect(variables).not.toContain('NODE_OPTIONS')
      expect(variables).not.toContain('HOME')
    } finally {
      delete process.env['ATTUNE_CANARY_TOKEN']
      if (NODE_OPTIONS === undefined) delete process.env['NODE_OPTIONS']
      else process.env['NODE_OPTIONS'] = NODE_OPTIONS
      await runtime.close()
    }
  })
})

describe('a process with a child', () => {
  const program = fileURLToPath(new URL('parent-program.test-support.ts', import.meta.url))

  /** Starts the program and answers it with the id of its child, which is inside an endless model if `mode` says so. */
  async function startParent(mode: 'endless' | 'idle' | 'exits'): Promise<{ readonly parent: ChildProcess; readonly childPid: number; readonly ended: Promise<unknown> }> {
    const parent = spawn(process.execPath, ['--conditions=attune-source', program, mode], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(parent, 'exit')
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string]
    return { parent, childPid: Number(line), ended }
  }

  test.each([
    ['SIGKILL', 'endless'],
    ['SIGTERM', 'endless'],
    ['SIGINT', 'endless'],
    ['SIGKILL', 'idle'],
  ] as const)('that ends by %s with an %s child leaves no orphan', async (signal, mode) => {
    const { parent, childPid, ended } = await startParent(mode)
    if (mode === 'endless') await untilBusy(childPid)
    parent.kill(signal)
    await ended
    await until(() => isGone(childPid))
  })

  test('ends by itself although nobody released the evaluator, and leaves no orphan', async () => {
    const { childPid, ended } = await startParent('exits')
    expect(await ended).toEqual([0, null])
    await until(() => isGone(childPid))
  })
})
