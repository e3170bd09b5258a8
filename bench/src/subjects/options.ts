// The options that every subject gets alike.

/** Kademlia's k, as on the public network. */
export const K = 20

/** A value of the namespace `test` is valid when it begins so; the one greatest in byte order is best. As in `test/helpers`. */
export const TEST_NAMESPACE = {
  validators: {
    test: (key: Uint8Array, value: Uint8Array): void => {
      if (new TextDecoder().decode(value.subarray(0, 3)) !== 'ok:') {
        throw new Error('the value does not begin with ok:')
      }
    }
  },
  selectors: {
    test: (key: Uint8Array, values: Uint8Array[]): number => values.reduce((best, value, i) => Buffer.compare(value, values[best]) > 0 ? i : best, 0)
  }
}

/** Nodes that always answer, and may name addresses of this machine. */
export const COMMON = { kBucketSize: K, clientMode: false, ...TEST_NAMESPACE }
