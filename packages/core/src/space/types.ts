import type { Definition } from './definition.ts'
import type { Space } from './space.ts'
import type { ValueOf } from './value-of.ts'

/** The parameters of a space, or of a definition of one. */
export type Params<S> = S extends Space<infer P> ? P : S extends Definition ? ValueOf<S> : never

/** What may be given as a space: a definition, or a space built with `space(…)`. */
export type SpaceInput = Definition | Space<unknown>
