import { tune } from 'attune'

const best = await tune((t) => (t.float('x', -10, 10) - 2) ** 2 + t.int('n', 1, 8), { trials: 100, seed: 1 })

console.log(best.value, best.params)
