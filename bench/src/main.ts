// The entry point: arguments in, exit code out.

import { run } from './program.ts'

// without these the end by a signal would leave temporary folders behind, and processes that wait for the next call
process.once('SIGHUP', () => process.exit(129))
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

process.exitCode = await run(process.argv.slice(2))
