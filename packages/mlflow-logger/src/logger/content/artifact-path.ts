import type { ArtifactReference } from '@attune/core'

const endings: { readonly [kind: string]: string } = {
  'text/html': '.html',
  'text/markdown': '.md',
  'text/plain': '.txt',
  'text/csv': '.csv',
  'application/json': '.json',
  'application/pdf': '.pdf',
  'image/png': '.png',
  'image/jpeg': '.jpg',
  'image/svg+xml': '.svg',
  onnx: '.onnx',
}

/** Where an artefact stands in its run: MLflow's page shows a file by the ending of its name. */
export function artifactPath(name: string, artifact: Pick<ArtifactReference, 'kind'>): string {
  return /\.[a-z\d]{1,8}$/i.test(name) ? name : name + (endings[artifact.kind.toLowerCase()] ?? '')
}
