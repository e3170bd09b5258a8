// `bench size`: what a page's visitors have to load.

import { note, print } from '../output.ts'
import { bundleAlone, bundleNode } from './bundle.ts'
import { summarise } from './document.ts'
import { table } from './table.ts'
import type { Command } from 'commander'

export function addSize (program: Command): void {
  program.command('size')
    .description('bytes of the minified bundle for the browser, by itself and on top of a libp2p node')
    .option('--json', 'print the result as one JSON document')
    .action(size)
}

async function size ({ json }: { json?: boolean }): Promise<void> {
  note('bundling')
  const document = summarise({
    node: await bundleNode(),
    alone: { ours: await bundleAlone('ours'), js: await bundleAlone('js') },
    withNode: { ours: await bundleNode('ours'), js: await bundleNode('js') }
  })
  print(json === true ? JSON.stringify(document, null, 2) : table(document))
}
