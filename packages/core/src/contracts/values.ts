/** A value that a parameter can take: any JSON scalar. */
export type Scalar = string | number | boolean | null

/** Plain data that every storage keeps exactly (non-finite numbers included, see `encodeJson`). */
export type Json = Scalar | readonly Json[] | { readonly [key: string]: Json }

/** Parameters by path, active ones only: `{ 'optimizer.type': 'sgd', 'optimizer.sgd.momentum': 0.9 }`. */
export type FlatParams = { readonly [path: string]: Scalar }

/** Metric values by name. */
export type Metrics = { readonly [metric: string]: number }

/** What may be answered at once or as a promise. */
export type Awaitable<T> = T | PromiseLike<T>
