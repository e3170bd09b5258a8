// The entry point: arguments in, exit code out.

import { run } from './program.ts'

process.exitCode = await run(process.argv.slice(2))
