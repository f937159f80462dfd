import type { Scalar } from '../contracts/values.ts'
import type { Definition, LevelLeaf, NumberLeaf, OneOf, Repeat } from './definition.ts'
import type { Space } from './space.ts'

/** Expands an intersection, so that editors show its properties. */
type Flat<T> = { readonly [K in keyof T]: T[K] }

/** What a node of a definition becomes in the parameters. */
export type ValueOf<N> = N extends NumberLeaf
  ? number
  : N extends LevelLeaf<infer T extends Scalar>
    ? T
    : N extends OneOf<infer B>
      ? { readonly [K in keyof B]: Flat<{ readonly type: K } & GroupOf<B[K]>> }[keyof B]
      : N extends Repeat<infer E>
        ? readonly ValueOf<E>[]
        : GroupOf<N>

type GroupOf<G> = { readonly [K in keyof G]: ValueOf<G[K]> }

/** The parameters of a space, or of a definition of one. */
export type Params<S> = S extends Space<infer P> ? P : S extends Definition ? GroupOf<S> : never

/** What may be given as a space: a definition, or a space built with `space(…)`. */
export type SpaceInput = Definition | Space<unknown>
