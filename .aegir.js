// What aegir does beyond its defaults.

/** @type {import('aegir').PartialOptions} */
export default {
  test: {
    // `npm test`: what is quick. The slower suites have scripts of their own
    files: ['test/*.spec.ts', 'test/{kademlia,wire,query,peers,values,providers,network}/**/*.spec.ts'],
    timeout: 60_000,
    build: false
  }
}
