// The shape of the house (docs/architecture.md): imports point one way and none goes in a circle, not even of types.
// `npm run lint` runs this beside the rules on style and purity.

/** What each folder may import of the others. The files beside the folders may import all of them. */
const MAY_IMPORT = {
  kademlia: [],
  wire: [],
  query: ['kademlia', 'wire'],
  peers: ['kademlia', 'wire', 'query'],
  values: ['kademlia', 'wire', 'query'],
  providers: ['kademlia', 'wire', 'query']
}

/** The same for the simulator. */
const SIMULATOR_MAY_IMPORT = {
  network: [],
  policies: ['network'],
  world: ['network', 'policies'],
  measure: ['network', 'policies', 'world']
}

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Of two files that need each other, one has two subjects.',
      severity: 'error',
      from: {},
      to: { circular: true }
    },
    ...Object.entries(MAY_IMPORT).map(([folder, allowed]) => ({
      name: `${folder}-knows-its-place`,
      comment: `src/${folder} may import ${allowed.join(', ') || 'no other folder'}.`,
      severity: 'error',
      from: { path: `^src/${folder}/` },
      to: { path: '^src/', pathNot: `^src/(${[folder, ...allowed].join('|')})/` }
    })),
    ...Object.entries(SIMULATOR_MAY_IMPORT).map(([folder, allowed]) => ({
      name: `simulated-${folder}-knows-its-place`,
      comment: `sim/src/${folder} may import ${allowed.join(', ') || 'no other folder'}.`,
      severity: 'error',
      from: { path: `^sim/src/${folder}/` },
      to: { path: '^sim/src/', pathNot: `^sim/src/(${[folder, ...allowed].join('|')})/` }
    })),
    {
      name: 'no-index-from-within',
      comment: 'Import from the file that has it.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/index[.]ts$' }
    },
    {
      name: 'no-orphan',
      comment: 'Nobody needs it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/index[.]ts$', orphan: true },
      to: {}
    },
    {
      name: 'no-node',
      comment: 'Nothing under src/ may need Node: it runs in browsers.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['core'] }
    },
    {
      name: 'no-undeclared-package',
      comment: 'What src/ imports is a dependency, not a development dependency.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'unknown', 'undetermined'] }
    },
    {
      name: 'libp2p-by-type-only',
      comment: 'Only wire/ and the service itself touch a libp2p object other than by its type.',
      severity: 'error',
      from: { path: '^src/(kademlia|query|peers|values|providers)/' },
      to: {
        path: 'node_modules/(libp2p|@libp2p/peer-id|@libp2p/interface-internal|@libp2p/utils|@multiformats)/',
        dependencyTypesNot: ['type-only']
      }
    },
    {
      name: 'algorithm-without-libp2p',
      comment: 'The algorithm knows nothing of libp2p.',
      severity: 'error',
      from: { path: '^src/kademlia/' },
      to: { path: 'node_modules/(libp2p|@libp2p)/' }
    }
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
    moduleSystems: ['es6']
  }
}
