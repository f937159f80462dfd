import type { Json } from '@attune/core'
import { formatError } from './packed-file.ts'

/** Fields of a header as what they should be. @throws AttuneError `TFJS_FORMAT`. */
export function record(value: Json | undefined): { readonly [key: string]: Json | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as { readonly [key: string]: Json }) : malformed()
}

export function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : malformed()
}

export function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : malformed()
}

export function number(value: Json | undefined): number {
  return typeof value === 'number' ? value : malformed()
}

export function count(value: Json | undefined): number {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : malformed()
}

export function numbers(value: Json | undefined): { readonly [name: string]: number } {
  return Object.fromEntries(Object.entries(record(value)).map(([name, entry]) => [name, number(entry)]))
}

/** Undefined for null. */
export function optional<T>(value: Json | undefined, read: (value: Json) => T): T | undefined {
  return value === null || value === undefined ? undefined : read(value)
}

export function malformed(): never {
  throw formatError('checkpoint', 'its header lacks a field, or has one of another type')
}
