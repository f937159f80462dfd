import { availableParallelism } from 'node:os'
import { describe, expect, it } from 'vitest'
import { planSlots } from './slots.ts'

describe('slots', () => {
  it('follow from the cores of the machine', () => {
    expect(planSlots({}).count).toBe(availableParallelism())
    expect(planSlots({ cpus: 8 }).count).toBe(8)
    expect(planSlots({ cpus: 8, perTrial: { cpus: 3 } }).count).toBe(2)
    expect(planSlots({ cpus: 1, perTrial: { cpus: 0.1 } }).count).toBe(10)
    // Whoever names a number gets it.
    expect(planSlots({ slots: 64 }).count).toBe(64)
  })

  it('follow from what is scarcest', () => {
    expect(planSlots({ devices: [0, 1], cpus: 16, perTrial: { device: 0.5 } }).count).toBe(4)
    expect(planSlots({ devices: [0, 1], cpus: 3, perTrial: { device: 0.5 } }).count).toBe(3)
    expect(planSlots({ devices: [0, 1], cpus: 16, memoryMb: 5000, perTrial: { device: 0.5, memoryMb: 2000 } }).count).toBe(2)
  })

  it('spread over the cards, and share them', () => {
    const { count, variables } = planSlots({ devices: [0, 1], cpus: 16, perTrial: { device: 0.5 } })
    expect(Array.from({ length: count }, (_, slot) => variables(slot)['CUDA_VISIBLE_DEVICES'])).toEqual(['0', '1', '0', '1'])
    expect(variables(0)['CUDA_DEVICE_ORDER']).toBe('PCI_BUS_ID')
    // 1 / 0.1 is not quite 10 in binary.
    expect(planSlots({ devices: [0], cpus: 64, perTrial: { device: 0.1 } }).count).toBe(10)
    expect(planSlots({ devices: [0], cpus: 64, perTrial: { device: 1 / 3 } }).count).toBe(3)
  })

  it('take several cards each', () => {
    const { count, variables } = planSlots({ devices: [0, 1, 2, 3, 7], cpus: 16, perTrial: { device: 2 } })
    expect(Array.from({ length: count }, (_, slot) => variables(slot)['CUDA_VISIBLE_DEVICES'])).toEqual(['0,1', '2,3'])
  })

  it('hide every card from trials that want none', () => {
    expect(planSlots({}).variables(0)['CUDA_VISIBLE_DEVICES']).toBe('')
    expect(planSlots({ devices: [0], perTrial: { device: 0 } }).variables(0)['CUDA_VISIBLE_DEVICES']).toBe('')
  })

  it('show what this process sees if that is asked for', () => {
    const before = process.env['CUDA_VISIBLE_DEVICES']
    try {
      process.env['CUDA_VISIBLE_DEVICES'] = '3'
      expect(planSlots({ devices: 'all' }).variables(0)['CUDA_VISIBLE_DEVICES']).toBe('3')
      delete process.env['CUDA_VISIBLE_DEVICES']
      expect(planSlots({ devices: 'all' }).variables(0)).not.toHaveProperty('CUDA_VISIBLE_DEVICES')
    } finally {
      if (before !== undefined) process.env['CUDA_VISIBLE_DEVICES'] = before
    }
  })

  it('set the numbers of threads', () => {
    expect(planSlots({ cpus: 8, perTrial: { cpus: 4 } }).variables(0)).toMatchObject({ ATTUNE_CPUS: '4', OMP_NUM_THREADS: '4', OPENBLAS_NUM_THREADS: '4', MKL_NUM_THREADS: '4', TF_NUM_INTRAOP_THREADS: '4', TF_NUM_INTEROP_THREADS: '4', UV_THREADPOOL_SIZE: '4' })
    expect(planSlots({ perTrial: { cpus: 0.5 } }).variables(0)).toMatchObject({ ATTUNE_CPUS: '0.5', OMP_NUM_THREADS: '1', UV_THREADPOOL_SIZE: '2' })
  })
})
