// What may be stored under which keys: a key is `/<namespace>/…`, and each namespace has a validator, which says whether
// a value is valid under a key, and a selector, which says which of several valid ones is best.

import { InvalidParametersError } from '@libp2p/interface'
import { toString as uint8ArrayToString } from 'uint8arrays/to-string'
import type { AbortOptions } from '@libp2p/interface'

/** Throws, or rejects, when the value must not be stored under the key. */
export interface ValidateFn {
  (key: Uint8Array, value: Uint8Array, options?: AbortOptions): void | Promise<void>
}

/** The index of the best of several valid values. */
export interface SelectFn {
  (key: Uint8Array, values: Uint8Array[]): number | Promise<number>
}

/** By namespace. */
export type Validators = Record<string, ValidateFn>

/** By namespace. */
export type Selectors = Record<string, SelectFn>

/** A value is not valid under its key. */
export class InvalidRecordError extends Error {
  override name = 'InvalidRecordError'
}

/** There is no selector for a namespace. */
export class MissingSelectorError extends Error {
  override name = 'MissingSelectorError'
}

const SLASH = 0x2f

/** Both maps are read when they are needed: applications add to them while the node runs. */
export class Namespaces {
  readonly #validators: Validators
  readonly #selectors: Selectors

  constructor (validators: Validators, selectors: Selectors) {
    this.#validators = validators
    this.#selectors = selectors
  }

  /** @throws {InvalidParametersError} when there is no validator for the key's namespace */
  requireNamespace (key: Uint8Array): void {
    this.#validatorOf(key)
  }

  /**
   * @throws {InvalidParametersError} when there is no validator for the key's namespace
   * @throws {InvalidRecordError} when the validator refuses the value
   */
  async validate (key: Uint8Array, value: Uint8Array, options?: AbortOptions): Promise<void> {
    const validator = this.#validatorOf(key)

    try {
      await validator(key, value, options)
    } catch (error: any) {
      options?.signal?.throwIfAborted()

      throw new InvalidRecordError(`The value is not valid under its key: ${error.message}`, { cause: error })
    }
  }

  /**
   * The index of the best value.
   *
   * @throws {MissingSelectorError} when there are several and no selector for the key's namespace
   */
  async select (key: Uint8Array, values: Uint8Array[]): Promise<number> {
    if (values.length === 1) {
      return 0
    }

    const namespace = namespaceOf(key)
    const selector = own(this.#selectors, namespace)

    if (selector == null) {
      throw new MissingSelectorError(`There is no selector for the namespace "${namespace}": add one to the selectors, which has ${names(this.#selectors)}`)
    }

    const best = await selector(key, values)

    if (!Number.isInteger(best) || best < 0 || best >= values.length) {
      throw new InvalidRecordError(`The selector of the namespace "${namespace}" chose ${best} out of ${values.length} values`)
    }

    return best
  }

  #validatorOf (key: Uint8Array): ValidateFn {
    const namespace = namespaceOf(key)
    const validator = own(this.#validators, namespace)

    if (validator == null) {
      throw new InvalidParametersError(`There is no validator for the namespace "${namespace}": add one to the validators, which has ${names(this.#validators)}`)
    }

    return validator
  }
}

function namespaceOf (key: Uint8Array): string {
  const end = key.indexOf(SLASH, 1)

  if (key[0] !== SLASH || end === -1) {
    throw new InvalidParametersError('A key is /<namespace>/<name>; this one has no namespace')
  }

  return uint8ArrayToString(key.subarray(1, end))
}

/** A plain object has more properties than were put into it: `/constructor/…` is no namespace. */
function own <T> (map: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined
}

function names (map: Record<string, unknown>): string {
  return Object.keys(map).map(name => `"${name}"`).join(', ')
}
