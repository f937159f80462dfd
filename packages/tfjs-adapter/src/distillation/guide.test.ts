import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const path = fileURLToPath(new URL('../../examples/distillation.ts', import.meta.url))

it('the program of the guide to distillation runs', () => {
  expect(readFileSync(fileURLToPath(new URL('../../../../docs/distillation.md', import.meta.url)), 'utf8')).toContain(`\`\`\`ts\n${readFileSync(path, 'utf8')}\`\`\``)
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=attune-source', path], { encoding: 'utf8' })
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toMatch(/temperature: \d+\.\d+,\s+hardLabelWeight: [01]\.\d+[^]*valAccuracy: 0\.[89]\d*,\s+valTeacherAgreement: 0\.[89]/)
})
