// Bundles for the browser, as an application's build makes them.

import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

export interface Bundle {
  bytes: number
  gzipBytes: number
  /** bytes by the npm package that they come from */
  packages: Map<string, number>
}

/** What a libp2p node in a browser has with any DHT, but for its transports, which a DHT shares nothing with. */
const NODE = `
  export { createLibp2p } from 'libp2p'
  export { noise } from '@chainsafe/libp2p-noise'
  export { yamux } from '@chainsafe/libp2p-yamux'
  export { identify } from '@libp2p/identify'
  export { ping } from '@libp2p/ping'`

const DHT = {
  ours: "export { kadDHT } from 'libp2p-kad'",
  js: "export { kadDHT } from '@libp2p/kad-dht'"
}

export type SizeSubjectName = keyof typeof DHT

/** The DHT and all it needs. */
export async function bundleAlone (subject: SizeSubjectName): Promise<Bundle> {
  return bundle(DHT[subject])
}

/** A node, with a DHT or without. */
export async function bundleNode (subject?: SizeSubjectName): Promise<Bundle> {
  return bundle(subject == null ? NODE : `${NODE}\n${DHT[subject]}`)
}

async function bundle (entry: string): Promise<Bundle> {
  const { outputFiles: [output], metafile } = await build({
    stdin: { contents: entry, resolveDir: fileURLToPath(new URL('../..', import.meta.url)) },
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'silent'
  })
  const packages = new Map<string, number>()

  for (const [file, { bytesInOutput }] of Object.values(metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs))) {
    const name = packageOf(file)
    packages.set(name, (packages.get(name) ?? 0) + bytesInOutput)
  }

  return { bytes: output.contents.byteLength, gzipBytes: gzipSync(output.contents, { level: 9 }).byteLength, packages }
}

/** The package that a file belongs to; one of a workspace is the library. */
function packageOf (file: string): string {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? (file.includes('dist/') ? 'libp2p-kad' : 'the entry')
}
