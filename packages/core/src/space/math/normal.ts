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
    const top = (((0.065682337918207449113 * s + 2.2352520354606839287) * s + 161.02823106855587881) * s + 1067.6894854603709582) * s + 18154.981253343561249
    const bottom = (((s + 47.20258190468824187) * s + 976.09855173777669322) * s + 10260.932208618978205) * s + 45507.789335026729956
    return 0.5 + x * top / bottom
  }
  let tail: number
  if (y <= 5.656854249492380195) {
    const top = (((((((1.0765576773720192317e-8 * y + 0.39894151208813466764) * y + 8.8831497943883759412) * y + 93.506656132177855979) * y
      + 597.27027639480026226) * y + 2494.5375852903726711) * y + 6848.1904505362823326) * y + 11602.651437647350124) * y + 9842.7148383839780218
    const bottom = (((((((y + 22.266688044328115691) * y + 235.38790178262499861) * y + 1519.377599407554805) * y + 6485.558298266760755) * y
      + 18615.571640885098091) * y + 34900.952721145977266) * y + 38912.003286093271411) * y + 19685.429676859990727
    tail = top / bottom
  } else {
    const s = 1 / (x * x)
    const top = ((((0.02307344176494017303 * s + 0.21589853405795699) * s + 0.1274011611602473639) * s + 0.022235277870649807) * s
      + 0.001421619193227893466) * s + 2.9112874951168792e-5
    const bottom = ((((s + 1.28426009614491121) * s + 0.468238212480865118) * s + 0.0659881378689285515) * s + 0.00378239633202758244) * s + 7.29751555083966205e-5
    tail = (0.398942280401432677939946059934 - s * top / bottom) / y
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
    return q * (((((((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r + 6.7265770927008700853e4) * r + 4.5921953931549871457e4) * r
      + 1.3731693765509461125e4) * r + 1.9715909503065514427e3) * r + 1.3314166789178437745e2) * r + 3.3871328727963666080)
      / (((((((5.2264952788528545610e3 * r + 2.8729085735721942674e4) * r + 3.9307895800092710610e4) * r + 2.1213794301586595867e4) * r
      + 5.3941960214247511077e3) * r + 6.8718700749205790830e2) * r + 4.2313330701600911252e1) * r + 1)
  }
  const tail = q < 0 ? probability : 1 - probability
  if (tail === 0) return q < 0 ? -Infinity : Infinity
  // The square root is exactly rounded in every engine, unlike the other functions of Math.
  let r = Math.sqrt(-log(tail))
  let value: number
  if (r <= 5) {
    r -= 1.6
    value = (((((((7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r + 2.41780725177450611770e-1) * r + 1.27045825245236838258) * r
      + 3.64784832476320460504) * r + 5.76949722146069140550) * r + 4.63033784615654529590) * r + 1.42343711074968357734)
      / (((((((1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r + 1.51986665636164571966e-2) * r + 1.48103976427480074590e-1) * r
      + 6.89767334985100004550e-1) * r + 1.67638483018380384940) * r + 2.05319162663775882187) * r + 1)
  } else {
    r -= 5
    value = (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 1.24266094738807843860e-3) * r + 2.65321895265761230930e-2) * r
      + 2.96560571828504891230e-1) * r + 1.78482653991729133580) * r + 5.46378491116411436990) * r + 6.65790464350110377720)
      / (((((((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r + 1.84631831751005468180e-5) * r + 7.86869131145613259100e-4) * r
      + 1.48753612908506148525e-2) * r + 1.36929880922735805310e-1) * r + 5.99832206555887937690e-1) * r + 1)
  }
  return q < 0 ? -value : value
}
