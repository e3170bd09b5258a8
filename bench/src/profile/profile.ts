// What a .cpuprofile says: where the time went, by function and by package.

/** As the inspector writes it: what is of interest here. */
export interface CpuProfile {
  nodes: Array<{ id: number, callFrame: { functionName: string, url: string, lineNumber: number } }>
  samples: number[]
  /** before each sample, µs */
  timeDeltas: number[]
}

export interface Share {
  name: string
  /** of the time that the process was at work */
  share: number
  ms: number
}

export interface Shares {
  /** how long the process was at work, ms */
  busyMs: number
  packages: Share[]
  functions: Share[]
}

/** The process waits for something to do: that is no work. */
const RESTING = ['(idle)', '(root)']

/** Time outside JavaScript: the system's, and what Node.js does for a socket. */
const SYSTEM = ['(program)', 'writeBuffer', 'writev']

/** The profiler starting itself. */
const PROFILER = 'node:inspector'

export function sharesOf ({ nodes, samples, timeDeltas }: CpuProfile): Shares {
  const byId = new Map(nodes.map(node => [node.id, node.callFrame]))
  const packages = new Map<string, number>()
  const functions = new Map<string, number>()
  let busy = 0

  for (const [i, id] of samples.entries()) {
    const { functionName, url, lineNumber } = byId.get(id) as CpuProfile['nodes'][number]['callFrame']

    if (RESTING.includes(functionName) || url === PROFILER) {
      continue
    }

    const us = Math.max(0, timeDeltas[i])
    const from = packageOf(functionName, url)
    const name = url === '' ? functionName : `${functionName === '' ? '(anonymous)' : functionName} ${place(url)}:${lineNumber + 1}`
    busy += us
    packages.set(from, (packages.get(from) ?? 0) + us)
    functions.set(name, (functions.get(name) ?? 0) + us)
  }

  return { busyMs: busy / 1000, packages: sorted(packages, busy), functions: sorted(functions, busy) }
}

function sorted (times: Map<string, number>, sum: number): Share[] {
  return [...times].map(([name, us]) => ({ name, share: us / sum, ms: us / 1000 })).sort((a, b) => b.ms - a.ms)
}

/** Whose function it is. */
function packageOf (functionName: string, url: string): string {
  if (functionName === '(garbage collector)') {
    return 'garbage collection'
  }

  if (url === '') {
    return SYSTEM.includes(functionName) ? 'system: sockets' : 'built into V8'
  }

  if (url.startsWith('node:')) {
    return 'Node.js'
  }

  if (url.startsWith('wasm:')) {
    // nothing else in a node brings any
    return '@chainsafe/as-chacha20poly1305'
  }

  const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? []

  return name ?? (url.includes('/dist/src/') ? `ours: ${folderOf(url)}` : 'the bench')
}

/** Which of our folders. */
function folderOf (url: string): string {
  const [, path] = /.*\/dist\/src\/(.*)/.exec(url) ?? []

  return path?.includes('/') === true ? path.slice(0, path.indexOf('/')) : 'src'
}

function place (url: string): string {
  const [, inPackage] = /.*\/node_modules\/(.*)/.exec(url) ?? []
  const [, inOurs] = /.*(\/dist\/src\/.*)/.exec(url) ?? []

  return inPackage ?? inOurs ?? url
}
