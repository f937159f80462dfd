// How texts of users are shown on a terminal: for programs beside the progress display that print some, as the command line does.
export { hasColour, stylesFor } from './progress/terminal.ts'
export type { Environment, ProgressStream, Styles } from './progress/terminal.ts'
export { count, describeFailure, fit, formatNumber, formatScalar, formatTime, plain, warningText } from './progress/text.ts'
