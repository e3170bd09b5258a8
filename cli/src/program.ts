// The `kad` command: its sub-commands, and how it ends.

import { Command, CommanderError } from 'commander'
import pkg from '../package.json' with { type: 'json' }
import { addDemo } from './commands/demo.ts'
import { addOperations } from './commands/operate.ts'
import { addProvide } from './commands/provide.ts'
import { addProvided } from './commands/provided.ts'
import { addStart } from './commands/start.ts'
import { addTable } from './commands/table.ts'
import { describe, EXIT, exitCodeOf } from './errors.ts'
import { endWhenUnwritten, note } from './output.ts'

const HELP = `
Exit codes:
  0  done
  1  it failed, or what was looked for was not found
  2  the command line is wrong

Examples:
  $ kad demo
  $ kad start --any-address --listen /ip4/127.0.0.1/tcp/4001 --data one
  $ kad put --data one /kad/greeting hello
  $ kad table --data one`

/**
 * Never rejects.
 *
 * @returns the exit code
 */
export async function run (args: string[]): Promise<number> {
  endWhenUnwritten()
  let code: number = EXIT.ok
  const end = (ended: number): void => { code = ended }
  const program = new Command('kad')
    .description('A Kademlia DHT node, operations on one, and a demo')
    .version(pkg.version)
    .addHelpText('after', HELP)
    .showHelpAfterError('Add --help to see what there is.')
    // before the sub-commands, which take it over
    .exitOverride()

  addDemo(program, end)
  addStart(program, end)
  addOperations(program, end)
  addProvide(program, end)
  addProvided(program, end)
  addTable(program, end)

  try {
    await program.parseAsync(args, { from: 'user' })

    return code
  } catch (error) {
    if (error instanceof CommanderError) {
      // commander has said what is wrong; asking for help is no error
      return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    }

    note(`kad: ${describe(error)}`)

    return exitCodeOf(error)
  }
}
