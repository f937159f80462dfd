/** Multiplications after which `eigenSymmetric` pauses: some 10 ms. */
const mostWork = 4_000_000

/**
 * Eigenvalues and eigenvectors of a symmetric matrix: Householder reduction to tridiagonal form, then implicit QL steps
 * (Bowdler, Martin, Reinsch & Wilkinson 1968, the procedures tred2 and tql2 of EISPACK). Only + − × ÷ and square roots,
 * so every engine answers the same bits. O(n³), in steps of a few milliseconds; a small matrix has one.
 * @param matrix n × n, row by row; only its lower triangle is read
 * @param vectors gets n × n, row by row: column j is the eigenvector of `values[j]`, of length 1. May be `matrix` itself.
 * @param values gets the n eigenvalues, ascending
 * @returns false if the steps did not converge (the matrix is not finite); the outputs are of no use then
 */
export function* eigenSymmetric(matrix: Float64Array, n: number, vectors: Float64Array, values: Float64Array): Generator<void, boolean, undefined> {
  if (n === 0) return true
  const below = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) vectors[i * n + j] = vectors[j * n + i] = matrix[i * n + j] as number
  }
  yield* tridiagonalise(vectors, n, values, below)
  if (!(yield* iterate(vectors, n, values, below))) return false
  sort(vectors, n, values)
  return true
}

/** tred2: the diagonal goes to `d`, what is below it to `e`, the transformation to `v`. */
function* tridiagonalise(v: Float64Array, n: number, d: Float64Array, e: Float64Array): Generator<void, void, undefined> {
  let work = 0
  for (let j = 0; j < n; j++) d[j] = v[(n - 1) * n + j] as number
  for (let i = n - 1; i > 0; i--) {
    reflect(v, n, d, e, i)
    if ((work += 2 * i * i) > mostWork) {
      yield
      work = 0
    }
  }
  for (let i = 0; i < n - 1; i++) {
    gather(v, n, d, i)
    if ((work += 2 * i * i) > mostWork) {
      yield
      work = 0
    }
  }
  for (let j = 0; j < n; j++) {
    d[j] = v[(n - 1) * n + j] as number
    v[(n - 1) * n + j] = 0
  }
  v[n * n - 1] = 1
  e[0] = 0
}

/** Brings row i to tridiagonal form. */
function reflect(v: Float64Array, n: number, d: Float64Array, e: Float64Array, i: number): void {
  let scale = 0
  let h = 0
  for (let k = 0; k < i; k++) scale += Math.abs(d[k] as number)
  if (scale === 0) {
    e[i] = d[i - 1] as number
    for (let j = 0; j < i; j++) {
      d[j] = v[(i - 1) * n + j] as number
      v[i * n + j] = 0
      v[j * n + i] = 0
    }
  } else {
    for (let k = 0; k < i; k++) {
      const scaled = (d[k] as number) / scale
      d[k] = scaled
      h += scaled * scaled
    }
    const f = d[i - 1] as number
    const g = f > 0 ? -Math.sqrt(h) : Math.sqrt(h)
    e[i] = scale * g
    h -= f * g
    d[i - 1] = f - g
    for (let j = 0; j < i; j++) e[j] = 0
    for (let j = 0; j < i; j++) {
      const dj = d[j] as number
      v[j * n + i] = dj
      let sum = (e[j] as number) + (v[j * n + j] as number) * dj
      for (let k = j + 1; k < i; k++) {
        const vkj = v[k * n + j] as number
        sum += vkj * (d[k] as number)
        e[k] = (e[k] as number) + vkj * dj
      }
      e[j] = sum
    }
    let dot = 0
    for (let j = 0; j < i; j++) {
      const scaled = (e[j] as number) / h
      e[j] = scaled
      dot += scaled * (d[j] as number)
    }
    const half = dot / (h + h)
    for (let j = 0; j < i; j++) e[j] = (e[j] as number) - half * (d[j] as number)
    for (let j = 0; j < i; j++) {
      const dj = d[j] as number
      const ej = e[j] as number
      for (let k = j; k < i; k++) v[k * n + j] = (v[k * n + j] as number) - (dj * (e[k] as number) + ej * (d[k] as number))
      d[j] = v[(i - 1) * n + j] as number
      v[i * n + j] = 0
    }
  }
  d[i] = h
}

/** Adds the reflection of row i + 1 to the transformation. */
function gather(v: Float64Array, n: number, d: Float64Array, i: number): void {
  v[(n - 1) * n + i] = v[i * n + i] as number
  v[i * n + i] = 1
  const h = d[i + 1] as number
  if (h !== 0) {
    for (let k = 0; k <= i; k++) d[k] = (v[k * n + i + 1] as number) / h
    for (let j = 0; j <= i; j++) {
      let g = 0
      for (let k = 0; k <= i; k++) g += (v[k * n + i + 1] as number) * (v[k * n + j] as number)
      for (let k = 0; k <= i; k++) v[k * n + j] = (v[k * n + j] as number) - g * (d[k] as number)
    }
  }
  for (let k = 0; k <= i; k++) v[k * n + i + 1] = 0
}

/** tql2 without its sorting. False if an eigenvalue takes more than 60 steps: about two are usual. */
function* iterate(v: Float64Array, n: number, d: Float64Array, e: Float64Array): Generator<void, boolean, undefined> {
  for (let i = 1; i < n; i++) e[i - 1] = e[i] as number
  e[n - 1] = 0
  let shift = 0
  let size = 0
  let work = 0
  for (let l = 0; l < n; l++) {
    size = Math.max(size, Math.abs(d[l] as number) + Math.abs(e[l] as number))
    let m = l
    while (m < n - 1 && Math.abs(e[m] as number) > Number.EPSILON * size) m++
    for (let step = 0; m > l; step++) {
      if (step === 60) return false
      shift += rotate(v, n, d, e, l, m)
      if ((work += 4 * n * (m - l)) > mostWork) {
        yield
        work = 0
      }
      if (!(Math.abs(e[l] as number) > Number.EPSILON * size)) break
    }
    d[l] = (d[l] as number) + shift
    e[l] = 0
  }
  return d.every(Number.isFinite)
}

/** One implicit QL step between l and m; answers by how much it shifts the eigenvalues from l on. */
function rotate(v: Float64Array, n: number, d: Float64Array, e: Float64Array, l: number, m: number): number {
  let g = d[l] as number
  let p = ((d[l + 1] as number) - g) / (2 * (e[l] as number))
  let r = Math.sqrt(p * p + 1)
  if (p < 0) r = -r
  d[l] = (e[l] as number) / (p + r)
  d[l + 1] = (e[l] as number) * (p + r)
  const next = d[l + 1] as number
  let h = g - d[l]
  for (let i = l + 2; i < n; i++) d[i] = (d[i] as number) - h
  const shift = h
  p = d[m] as number
  let c = 1
  let c2 = 1
  let c3 = 1
  let s = 0
  let s2 = 0
  const beside = e[l + 1] as number
  for (let i = m - 1; i >= l; i--) {
    c3 = c2
    c2 = c
    s2 = s
    g = c * (e[i] as number)
    h = c * p
    r = Math.sqrt(p * p + (e[i] as number) * (e[i] as number))
    e[i + 1] = s * r
    s = (e[i] as number) / r
    c = p / r
    p = c * (d[i] as number) - s * g
    d[i + 1] = h + s * (c * g + s * (d[i] as number))
    for (let k = 0; k < n; k++) {
      const at = k * n + i
      const right = v[at + 1] as number
      const left = v[at] as number
      v[at + 1] = s * left + c * right
      v[at] = c * left - s * right
    }
  }
  p = (-s * s2 * c3 * beside * (e[l] as number)) / next
  e[l] = s * p
  d[l] = c * p
  return shift
}

function sort(v: Float64Array, n: number, d: Float64Array): void {
  for (let i = 0; i < n - 1; i++) {
    let least = i
    for (let j = i + 1; j < n; j++) if ((d[j] as number) < (d[least] as number)) least = j
    if (least === i) continue
    const value = d[least] as number
    d[least] = d[i] as number
    d[i] = value
    for (let k = 0; k < n; k++) {
      const one = v[k * n + i] as number
      v[k * n + i] = v[k * n + least] as number
      v[k * n + least] = one
    }
  }
}
