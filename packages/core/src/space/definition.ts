import type { Scalar } from '../contracts/values.ts'

// Every node carries its kind under a key with a dot, which no parameter's name may have: so a plain
// object without that key is a group, in definitions and in their JSON form alike.

/** A prior on a number, truncated to the bounds of its leaf. */
export type Prior =
  | { readonly kind: 'normal'; readonly mean: number; readonly deviation: number }
  | { readonly kind: 'logNormal'; readonly mu: number; readonly sigma: number }

/** A float or an integer between two bounds, both included. */
export interface NumberLeaf {
  readonly '.kind': 'float' | 'int'
  readonly low: number
  readonly high: number
  readonly scale: 'linear' | 'log'
  /** Distance of the values, counted from `low`; undefined for every float between the bounds. */
  readonly step: number | undefined
  readonly prior: Prior | undefined
}

/** One of a list of values. */
export interface LevelLeaf<T extends Scalar = Scalar> {
  readonly '.kind': 'choice' | 'ordinal' | 'boolean' | 'constant'
  readonly values: readonly T[]
  /** Prior weight of each value; undefined if all are equally likely. */
  readonly weights: readonly number[] | undefined
}

/** One parameter. */
export type Leaf = NumberLeaf | LevelLeaf

/** Branches of which one is taken; `type` names it in the parameters. */
export interface OneOf<B extends Branches = Branches> {
  readonly '.kind': 'oneOf'
  readonly branches: B
  /** Prior weight of each branch by name; undefined if all are equally likely. */
  readonly weights: { readonly [branch: string]: number } | undefined
}

/** A list of `min` to `max` elements of the same definition. */
export interface Repeat<E extends SpaceNode = SpaceNode> {
  readonly '.kind': 'repeat'
  readonly of: E
  readonly min: number
  readonly max: number
}

/** Parameters by name. */
export interface Definition {
  readonly [name: string]: SpaceNode
}

/** The branches of a `oneOf` by name, each with parameters of its own. */
export interface Branches {
  readonly [branch: string]: Definition
}

/** Whatever can stand in a space: a leaf, `oneOf`, `repeat`, or a plain object of these. */
export type SpaceNode = Leaf | OneOf | Repeat | Definition

/** Refuses, at the key, names that no parameter may have. */
export type CheckedNames<G> = {
  readonly [K in keyof G]: K extends `${string}.${string}` | '' | '__proto__' | 'prototype' | 'constructor' ? 'This name is not allowed for a parameter: choose another.' : unknown
}

/** Refuses, at the key, a parameter named `type` in a branch. */
export type CheckedBranches<B> = {
  readonly [K in keyof B]: string extends keyof B[K] ? unknown : 'type' extends keyof B[K] ? { readonly type: "'type' names the branch in the parameters: choose another name." } : unknown
}
