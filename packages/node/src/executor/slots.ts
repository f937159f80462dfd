import { availableParallelism, totalmem } from 'node:os'
import { AttuneError } from '@attune/core'
import { threadCounts, type Variables } from './environment.ts'

/** What each trial takes. */
export interface PerTrial {
  /** Cards: a fraction of one (0.5: two trials share it) or a whole number. Default 1 where `devices` are given, else 0. */
  readonly device?: number
  /** Cores, from 0.1. Default 1. */
  readonly cpus?: number
  /** MiB of memory: a trial that holds more is ended as out of memory. Default: no limit. */
  readonly memoryMb?: number
}

/** What a machine offers to trials, and what each of them takes: from this follows how many run at once. */
export interface SlotOptions {
  /** Trials at once. Default: as many as devices, cores and memory allow. */
  readonly slots?: number
  /** Cards, as `nvidia-smi` numbers them (or by UUID); `'all'`: every child sees what this process sees. Default: none. */
  readonly devices?: readonly (number | string)[] | 'all'
  /** Cores for all trials together. Default: those of the machine. */
  readonly cpus?: number
  /** MiB of memory for all trials together. Default: that of the machine. Only with `perTrial.memoryMb`. */
  readonly memoryMb?: number
  readonly perTrial?: PerTrial
}

export interface SlotPlan {
  readonly count: number
  /** Variables for the child of a slot: the cards that it sees, and how many threads its libraries start. */
  variables(slot: number): Variables
}

/** A limit on the number of slots, and how to say it. */
interface Limit {
  readonly slots: number
  readonly because: string
  readonly remedy: string
}

const rounding = 1e-9

/** Works out the slots. Throws OPTION where the machine is too small for what is asked, naming what it lacks. */
export function planSlots(options: SlotOptions): SlotPlan {
  const { slots, devices, perTrial = {} } = options
  checkNumber('slots', slots, 1, true)
  checkNumber('cpus', options.cpus, 0.1, false)
  checkNumber('memoryMb', options.memoryMb, 1, false)
  checkNumber('perTrial.cpus', perTrial.cpus, 0.1, false)
  checkNumber('perTrial.memoryMb', perTrial.memoryMb, 16, false)
  const cards = devices === 'all' || devices === undefined ? [] : checkDevices(devices)
  const share = perTrial.device ?? (cards.length > 0 ? 1 : 0)
  const limits = [deviceLimit(cards, share, devices), cpuLimit(options), memoryLimit(options)].filter((limit) => limit !== undefined)
  for (const limit of limits) {
    if (limit.slots < (slots ?? 1)) throw new AttuneError('OPTION', `${limit.because}: that is room for ${limit.slots} trial(s) at once${slots === undefined ? '' : `, not for slots: ${slots}`}. ${limit.remedy}`)
  }
  const cpus = perTrial.cpus ?? 1
  return {
    count: slots ?? Math.min(...limits.map((limit) => limit.slots)),
    variables: (slot) => ({ ...threadCounts(cpus), ...deviceVariables(slot, cards, share, devices === 'all') }),
  }
}

function deviceLimit(cards: readonly string[], share: number, devices: SlotOptions['devices']): Limit | undefined {
  if (typeof share !== 'number' || !(share >= 0) || (share > 1 && !Number.isInteger(share))) throw new AttuneError('OPTION', `perTrial.device must be a fraction of a card or a whole number of cards, as in 0.5 or 2, not ${String(share)}.`)
  if (share === 0 || devices === 'all') return undefined
  if (cards.length === 0) throw new AttuneError('OPTION', `perTrial.device is ${share}, but there are no devices: name them, as in devices: [0].`)
  const slots = share <= 1 ? cards.length * Math.floor(1 / share + rounding) : Math.floor(cards.length / share)
  return { slots, because: `${cards.length} device(s) with ${share} for each trial`, remedy: 'Give more devices, or lower perTrial.device or slots.' }
}

/** The number of cores is no limit where the user gives slots and says nothing of cores. */
function cpuLimit({ slots, cpus, perTrial }: SlotOptions): Limit | undefined {
  if (slots !== undefined && cpus === undefined && perTrial?.cpus === undefined) return undefined
  const total = cpus ?? availableParallelism()
  const each = perTrial?.cpus ?? 1
  return { slots: Math.floor(total / each + rounding), because: `${total} core(s) with ${each} for each trial`, remedy: 'Lower perTrial.cpus or slots, or raise cpus if you want more threads than cores.' }
}

function memoryLimit({ memoryMb, perTrial }: SlotOptions): Limit | undefined {
  const each = perTrial?.memoryMb
  if (each === undefined) {
    if (memoryMb !== undefined) throw new AttuneError('OPTION', 'memoryMb is what all trials share: say what each of them may hold, too, as in perTrial: { memoryMb: 2000 }.')
    return undefined
  }
  const total = Math.floor(memoryMb ?? machineMemory() / 2 ** 20)
  return { slots: Math.floor(total / each), because: `${total} MiB of memory with ${each} MiB for each trial`, remedy: 'Lower perTrial.memoryMb or slots.' }
}

/** Bytes that this process and its children may use: less than the machine has in a container with a limit. */
function machineMemory(): number {
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
}

function checkDevices(devices: readonly (number | string)[]): readonly string[] {
  const names = (Array.isArray(devices) ? devices : [devices]).map((device) => {
    const valid = typeof device === 'number' ? Number.isSafeInteger(device) && device >= 0 : typeof device === 'string' && /^\w[\w./:-]*$/.test(device)
    if (!valid) throw new AttuneError('OPTION', `${JSON.stringify(device)} is no device: give numbers from 0 or UUIDs, as in devices: [0, 1].`)
    return String(device)
  })
  if (new Set(names).size < names.length) throw new AttuneError('OPTION', `A device is named twice in devices: [${names.join(', ')}]. Let trials share it by perTrial: { device: 0.5 }.`)
  return names
}

function deviceVariables(slot: number, cards: readonly string[], share: number, all: boolean): Variables {
  if (all) return inheritedDevices()
  // An empty value hides all cards; without the variable a child would see every one.
  if (share === 0) return { CUDA_VISIBLE_DEVICES: '' }
  const first = share <= 1 ? slot % cards.length : slot * share
  return { CUDA_VISIBLE_DEVICES: cards.slice(first, first + Math.max(1, share)).join(','), CUDA_DEVICE_ORDER: 'PCI_BUS_ID' }
}

/** The cards that this process was told to see. */
export function inheritedDevices(): Variables {
  return Object.fromEntries(['CUDA_VISIBLE_DEVICES', 'CUDA_DEVICE_ORDER'].flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]] as const])))
}

export function checkNumber(name: string, value: unknown, least: number, whole: boolean): void {
  if (value === undefined || (typeof value === 'number' && value >= least && (whole ? Number.isSafeInteger(value) : Number.isFinite(value)))) return
  throw new AttuneError('OPTION', `${name} must be ${whole ? 'an integer' : 'a number'} of at least ${least}, not ${JSON.stringify(value)}.`)
}
