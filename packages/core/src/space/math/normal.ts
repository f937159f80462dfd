import { exp } from './exponential.ts'
import { log } from './logarithm.ts'

/**
 * Probability that a standard normal number is below x, with full relative precision in the lower tail
 * (use `normalCdf(-x)` for the upper one). W. J. Cody, Rational Chebyshev approximations for the error function, 1969.
 */
export function normalCdf(x: number): number {
  if (x !== x) return NaN
  const y = x < 0 ? -x : x
  if (y > 40) return x < 0 ? 0 : 1
  if (y <= 0.67448975) {
    const s = x * x
    const top = (((0.06568233791820745 * s + 2.2352520354606837) * s + 161.02823106855587) * s + 1067.6894854603709) * s + 18154.98125334356
    const bottom = (((s + 47.202581904688245) * s + 976.0985517377767) * s + 10260.932208618979) * s + 45507.78933502673
    return 0.5 + x * top / bottom
  }
  let tail: number
  if (y <= 5.656854249492381) {
    const top = (((((((1.0765576773720192e-8 * y + 0.39894151208813466) * y + 8.883149794388377) * y + 93.50665613217785) * y
      + 597.2702763948002) * y + 2494.5375852903726) * y + 6848.190450536283) * y + 11602.65143764735) * y + 9842.714838383978
    const bottom = (((((((y + 22.266688044328117) * y + 235.387901782625) * y + 1519.3775994075547) * y + 6485.558298266761) * y
      + 18615.571640885097) * y + 34900.95272114598) * y + 38912.00328609327) * y + 19685.429676859992
    tail = top / bottom
  } else {
    const s = 1 / (x * x)
    const top = ((((0.023073441764940174 * s + 0.215898534057957) * s + 0.12740116116024736) * s + 0.022235277870649807) * s
      + 0.0014216191932278934) * s + 2.9112874951168793e-5
    const bottom = ((((s + 1.284260096144911) * s + 0.4682382124808651) * s + 0.06598813786892856) * s + 0.0037823963320275824) * s + 7.297515550839662e-5
    tail = (0.3989422804014327 - s * top / bottom) / y
  }
  // exp(-y * y / 2) in two parts: the square of y rounded to sixteenths is exact.
  const rough = Math.trunc(y * 16) / 16
  tail *= exp(-rough * rough * 0.5) * exp(-(y - rough) * (y + rough) * 0.5)
  return x < 0 ? tail : 1 - tail
}

/**
 * The standard normal number below which the given probability lies; ±Infinity at 1 and 0, NaN outside [0, 1].
 * Relative error about 1e-16. M. J. Wichura, Algorithm AS 241 (PPND16), 1988.
 */
export function normalQuantile(probability: number): number {
  if (!(probability >= 0 && probability <= 1)) return NaN
  const q = probability - 0.5
  if (q >= -0.425 && q <= 0.425) {
    const r = 0.180625 - q * q
    return q * (((((((2509.0809287301227 * r + 33430.57558358813) * r + 67265.7709270087) * r + 45921.95393154987) * r
      + 13731.69376550946) * r + 1971.5909503065513) * r + 133.14166789178438) * r + 3.3871328727963665)
      / (((((((5226.495278852854 * r + 28729.085735721943) * r + 39307.89580009271) * r + 21213.794301586597) * r
      + 5394.196021424751) * r + 687.1870074920579) * r + 42.31333070160091) * r + 1)
  }
  const tail = q < 0 ? probability : 1 - probability
  if (tail === 0) return q < 0 ? -Infinity : Infinity
  // The square root is exactly rounded in every engine, unlike the other functions of Math.
  let r = Math.sqrt(-log(tail))
  let value: number
  if (r <= 5) {
    r -= 1.6
    value = (((((((0.0007745450142783414 * r + 0.022723844989269184) * r + 0.2417807251774506) * r + 1.2704582524523684) * r
      + 3.6478483247632045) * r + 5.769497221460691) * r + 4.630337846156546) * r + 1.4234371107496835)
      / (((((((1.0507500716444169e-9 * r + 0.0005475938084995345) * r + 0.015198666563616457) * r + 0.14810397642748008) * r
      + 0.6897673349851) * r + 1.6763848301838038) * r + 2.053191626637759) * r + 1)
  } else {
    r -= 5
    value = (((((((2.0103343992922881e-7 * r + 2.7115555687434876e-5) * r + 0.0012426609473880784) * r + 0.026532189526576124) * r
      + 0.29656057182850487) * r + 1.7848265399172913) * r + 5.463784911164114) * r + 6.657904643501103)
      / (((((((2.0442631033899397e-15 * r + 1.421511758316446e-7) * r + 1.8463183175100548e-5) * r + 0.0007868691311456133) * r
      + 0.014875361290850615) * r + 0.1369298809227358) * r + 0.599832206555888) * r + 1)
  }
  return q < 0 ? -value : value
}
