// The `bench` command: its suites, and how it ends.

import { Command, CommanderError } from 'commander'
import { addCore } from './core/command.ts'
import { addMemory } from './memory/command.ts'
import { addNetwork } from './network/command.ts'
import { note } from './output.ts'
import { addProfile } from './profile/command.ts'
import { addProviders } from './providers/command.ts'
import { addServer } from './server/command.ts'
import { addSize } from './size/command.ts'
import { addStore } from './store/command.ts'

const HELP = `
Exit codes:
  0  measured
  1  not measured, or ours found, or told, too few of the nearest peers, or gave a wrong answer
  2  the command line is wrong

Examples:
  $ npm run bench -- network --rounds 1 --operations 20 --nodes 20
  $ npm run bench -- providers --rounds 1 --cids 1000
  $ npm run bench -- server --rounds 1
  $ npm run bench -- store --records 1000,100000
  $ npm run bench -- core --rounds 1 --time 50
  $ npm run bench -- memory --rounds 1
  $ npm run bench -- size
  $ npm run bench -- server --rounds 1 --profile profiles && npm run bench -- profile profiles/*
  $ npm run --silent bench -- network --json > network.json`

/**
 * Never rejects.
 *
 * @returns the exit code
 */
export async function run (args: string[]): Promise<number> {
  let code = 0
  const program = new Command('bench')
    .description('libp2p-kad beside its rivals, in one run')
    .addHelpText('after', HELP)
    .showHelpAfterError('Add --help to see what there is.')
    // before the sub-commands, which take it over
    .exitOverride()

  addNetwork(program, ended => { code = ended })
  addProviders(program, ended => { code = ended })
  addServer(program, ended => { code = ended })
  addStore(program, ended => { code = ended })
  addCore(program)
  addMemory(program)
  addSize(program)
  addProfile(program)

  try {
    await program.parseAsync(args, { from: 'user' })

    return code
  } catch (error) {
    if (error instanceof CommanderError) {
      // commander has said what is wrong; asking for help is no error
      return error.exitCode === 0 ? 0 : 2
    }

    note(`bench: ${error instanceof Error ? error.message : String(error)}`)

    return 1
  }
}
