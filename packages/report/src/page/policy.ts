/**
 * SHA-256 of the page's style and script, in base64. With them the policy needs no `unsafe-inline`: nothing else
 * runs, even if an escape were wrong. A test compares them with the texts and prints the right ones.
 */
export const styleHash = 'gLkETqwxV2v5lzPacTitzDfq31XzFP8Yb+jp33BGnA0='
export const scriptHash = '55xo8iaXVTHbIWYN8KdWEkVNJ24njAtCqtCvrWZWzVA='

/** Nothing is loaded, sent, framed or run but this page's own style and script. */
export const contentPolicy: string = `default-src 'none'; style-src 'sha256-${styleHash}'; script-src 'sha256-${scriptHash}'; base-uri 'none'; form-action 'none'`
