// The node-* packages of the root name their platform as a string, where pnpm only reads lists: it would download Node for every platform.
/** @param {{ name?: string, os?: string | string[], cpu?: string | string[] }} manifest */
function readPackage(manifest) {
  if (typeof manifest.os === 'string') manifest.os = [manifest.os]
  if (typeof manifest.cpu === 'string') manifest.cpu = [manifest.cpu]
  return manifest
}

export const hooks = { readPackage }
