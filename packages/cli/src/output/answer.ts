import type { Json } from '@attune/core'
import type { Styles } from '@attune/node/terminal'

/** How wide and how colourful a text may be. */
export interface View {
  /** In terminal columns; Infinity where it is no terminal, so that nothing is cut there. */
  readonly width: number
  readonly styles: Styles
}

/** What a command answers: for programs, and for people. One of the two is printed. */
export interface Answer {
  /** Printed with --json, exact for every number (see `encodeJson`). */
  readonly json: Json
  text(view: View): string
  /** What the command ends with. Default 0. */
  readonly exitCode?: number
}
