// `bench profile`: reads profiles that another suite, or `node --cpu-prof`, has written.

import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { print } from '../output.ts'
import { parseCount } from '../parse-count.ts'
import { plainTable } from '../plain-table.ts'
import { sharesOf } from './profile.ts'
import type { Share } from './profile.ts'
import type { Command } from 'commander'

/** Packages that take less are left out. */
const LEAST = 0.005

export function addProfile (program: Command): void {
  program.command('profile')
    .description('where the time went, by package and by function, out of .cpuprofile files')
    .argument('<files...>', 'what `bench server --profile <folder>` or `node --cpu-prof` has written')
    .option('-t, --top <number>', 'functions to name', parseCount(1, 1_000), 20)
    .action(async (files: string[], { top }: { top: number }) => {
      for (const file of files) {
        const { busyMs, packages, functions } = sharesOf(JSON.parse(await readFile(file, 'utf8')))
        print(`${basename(file)}: ${busyMs.toFixed(0)} ms at work`)
        print(table('package', packages.filter(({ share }) => share >= LEAST)))
        print(table('function', functions.slice(0, top)))
      }
    })
}

function table (what: string, shares: Share[]): string {
  return plainTable([what, '%', 'ms'], shares.map(({ name, share, ms }) => [name, (share * 100).toFixed(1), ms.toFixed(0)]))
}
