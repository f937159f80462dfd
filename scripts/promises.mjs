// Writes the table of promises into the README, and the page with the tests that show them.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisePage, root, summaryTable } from '../tools/promises.mjs'

const readme = join(root, 'README.md')
const text = readFileSync(readme, 'utf8')
writeFileSync(readme, text.replace(/(<!-- promises -->\n).*(\n<!-- \/promises -->)/s, (_, begin, end) => `${begin}${summaryTable()}${end}`))
writeFileSync(join(root, 'docs', 'promises.md'), promisePage())
