import type { Scalar } from '../contracts/values.ts'
import type { LevelLeaf, NumberLeaf, OneOf, Repeat } from './definition.ts'

// Each mapped type ends in `& {}`, which makes editors and errors show its properties instead of its name.

/** What a node of a definition becomes in the parameters. */
export type ValueOf<N> = N extends NumberLeaf
  ? number
  : N extends LevelLeaf<infer T extends Scalar>
    ? T
    : N extends OneOf<infer B>
      ? { readonly [K in keyof B]: { readonly [N in keyof B[K] | 'type']: N extends keyof B[K] ? ValueOf<B[K][N]> : K } & {} }[keyof B]
      : N extends Repeat<infer E>
        ? readonly ValueOf<E>[]
        : { readonly [K in keyof N]: ValueOf<N[K]> } & {}
