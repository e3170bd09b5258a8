// The algorithm is sans-IO: no clock, no timer, no randomness and no network of its own. `npm run lint` runs this beside
// aegir's rules, which have no place for it.

import parser from '@typescript-eslint/parser'

const IMPURE = ['Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'crypto', 'fetch', 'process', 'globalThis']

export default [{
  files: ['src/kademlia/**/*.ts'],
  languageOptions: { parser },
  rules: {
    'no-restricted-globals': ['error', ...IMPURE.map(name => ({ name, message: 'the algorithm is pure: pass it in' }))],
    'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: 'the algorithm is pure: pass it in' }]
  }
}]
