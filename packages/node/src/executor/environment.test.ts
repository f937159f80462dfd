import { afterEach, describe, expect, it } from 'vitest'
import { inheritedNodeOptions } from './environment.ts'
import { processes } from './processes.ts'
import { cleanUp, once, studyOn, training } from './studies.test-support.ts'

const before = process.env['NODE_OPTIONS']

afterEach(async () => {
  await cleanUp()
  if (before === undefined) delete process.env['NODE_OPTIONS']
  else process.env['NODE_OPTIONS'] = before
})

describe('flags of Node for a child', () => {
  it('are those of this process by which modules are found, with their values', () => {
    expect(inheritedNodeOptions(['--inspect=0', '--import', 'tsx', '--conditions=a', '--test', '-r', './x.cjs', '--max-old-space-size=100'])).toEqual(['--import', 'tsx', '--conditions=a', '-r', './x.cjs'])
  })

  it('are taken from NODE_OPTIONS too, as Node reads it', async () => {
    process.env['NODE_OPTIONS'] = String.raw`--max-http-header-size=9000  --conditions=from-environment --conditions "with \"space\" \\"`
    expect(inheritedNodeOptions().slice(0, 3)).toEqual(['--conditions=from-environment', '--conditions', String.raw`with "space" \ `.trim()])
    const study = await studyOn(processes({ slots: 1 }))
    const { flags, environment } = (await once(study, training('where'))).attributes as { readonly flags: readonly string[]; readonly environment: object }
    expect(flags).toContain('--conditions=from-environment')
    expect(environment).not.toHaveProperty('NODE_OPTIONS')
  })
})
