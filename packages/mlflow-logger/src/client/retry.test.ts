import { describe, expect, it } from 'vitest'
import { missingPython, runPython } from '../../../../tools/python/run.mjs'
import { backoff, isTransient, parseRetryAfter, type RetryPolicy } from './retry.ts'

const policy: RetryPolicy = { maxRetries: 10, factor: 2000, jitter: 1000, respectRetryAfter: true, deadline: 600_000 }

describe.skipIf(missingPython !== undefined)(`as the Python client (${missingPython ?? 'installed'})`, () => {
  it('waits as long before each repetition, jitter included', () => {
    const python = runPython(`
import json, random
from urllib3.util.retry import Retry
answer = []
for factor in (0, 1, 2, 120):
    for jitter in (0.0, 1.0, 30.0):
        retry = Retry(total=10, connect=10, read=10, redirect=10, status=10, status_forcelist=frozenset([503]), allowed_methods=None, backoff_factor=factor, backoff_jitter=jitter)
        random.random = lambda: 0.25
        waits = []
        for _ in range(10):
            retry = retry.increment(method='POST', url='/', response=type('R', (), {'status': 503, 'headers': {}, 'get_redirect_location': lambda self: None})())
            waits.append(retry.get_backoff_time())
        answer.append({'factor': factor, 'jitter': jitter, 'waits': waits})
print(json.dumps(answer))`) as readonly { readonly factor: number; readonly jitter: number; readonly waits: readonly number[] }[]
    expect(python).toHaveLength(12)
    for (const { factor, jitter, waits } of python) {
      const ours = waits.map((_wait, index) => backoff({ ...policy, factor: factor * 1000, jitter: jitter * 1000 }, index + 1, () => 0.25) / 1000)
      expect(ours, `factor ${factor}, jitter ${jitter}`).toEqual(waits)
    }
  })

  it('repeats the same statuses, with and without Retry-After', () => {
    const python = runPython(`
import json
from urllib3.util.retry import Retry
from mlflow.utils.request_utils import _TRANSIENT_FAILURE_RESPONSE_CODES as codes
retry = Retry(total=7, status_forcelist=codes, allowed_methods=None, respect_retry_after_header=True)
print(json.dumps([[status, bool(retry.is_retry('POST', status, False)), bool(retry.is_retry('POST', status, True))] for status in range(300, 600)]))`) as readonly (readonly [number, boolean, boolean])[]
    for (const [status, plain, asked] of python) expect([status, isTransient(status, undefined), isTransient(status, 5000)]).toEqual([status, plain, asked])
  })

  it('reads Retry-After alike', () => {
    const headers = ['0', '7', ' 12 ', '99999999', 'Thu, 01 Jan 2026 00:00:09 GMT', 'Wed, 31 Dec 2025 00:00:00 GMT']
    const python = runPython(
      `
import json, sys, time
from urllib3.util.retry import Retry
time.time = lambda: 1767225600.0
print(json.dumps([Retry().parse_retry_after(header) for header in json.load(sys.stdin)]))`,
      Buffer.from(JSON.stringify(headers)),
    ) as readonly number[]
    expect(headers.map((header) => parseRetryAfter(header, 1_767_225_600_000)! / 1000)).toEqual(python)
  })
})

it('takes a Retry-After that is neither seconds nor a date for none', () => {
  expect(parseRetryAfter('soon', 0)).toBeUndefined()
  expect(parseRetryAfter('-5', Date.UTC(2026, 0, 1))).not.toBeGreaterThan(0)
  expect(parseRetryAfter(undefined, 0)).toBeUndefined()
})
