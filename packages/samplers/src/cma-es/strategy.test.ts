import { expect, it } from 'vitest'
import { defaultPopulation, strategyOf } from './strategy.ts'

// Reference: cmaes 0.13.1 (Python), CMA(mean=numpy.full(n, .5), sigma=.2), its private constants.
it('agrees with the Python package cmaes on every constant', () => {
  const three = strategyOf(3, 7)
  const weights = [0.585645106509765, 0.2928225532548825, 0.12153234023535245, 0, -0.4241269418431741, -0.7706638857059224, -1.0636566969842556]
  weights.forEach((weight, i) => expect(three.weights[i]).toBeCloseTo(weight, 13))
  const constants = [3, 2.2548150822016044, 0.09640963257927214, 0.05124308701358615, 0.4149090010980616, 1.4149090010980616, 0.5588013228860189, 1.5968775302586076]
  const { parents, effective, rankOne, rankMu, stepPace, stepDamping, pathPace, expectedLength } = three
  ;[parents, effective, rankOne, rankMu, stepPace, stepDamping, pathPace, expectedLength].forEach((one, i) => expect(one).toBeCloseTo(constants[i]!, 13))

  const ten = strategyOf(10, 10)
  expect([ten.effective, ten.rankOne, ten.rankMu, ten.weights[0], ten.weights[9]].map((one) => one!.toFixed(12))).toEqual(['3.167299281411', '0.015283824525', '0.020154282761', '0.456272646903', '-0.586221828779'])
})

it('gives larger spaces larger generations', () => {
  expect([1, 2, 3, 10, 40, 100].map(defaultPopulation)).toEqual([4, 6, 7, 10, 15, 17])
})
