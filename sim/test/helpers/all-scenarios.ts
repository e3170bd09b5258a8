// A script: runs every scenario, at a tiny size, as the command does. Arguments: the seed, and the folder for the figures.
// Each is run for its document and then for its table.

import { run } from '../../src/program.ts'
import { SCENARIOS } from '../../src/scenarios/index.ts'

const [seed, folder] = process.argv.slice(2)

for (const { name } of SCENARIOS) {
  for (const how of [['--json', '--figures', folder], ['--no-figures']]) {
    const code = await run([name, '--nodes', '40', '--lookups', '4', '--seed', seed, ...how])

    if (code !== 0) {
      process.exitCode = code
    }
  }
}
