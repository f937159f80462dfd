import type { Dimension } from '../contracts/space.ts'
import type { Leaf } from './definition.ts'

/** A dimension as the space itself uses it. */
export interface LeafDimension extends Dimension {
  readonly leaf: Leaf
  /** Whether this is one of the dimension's values. */
  has(value: unknown): boolean
}
